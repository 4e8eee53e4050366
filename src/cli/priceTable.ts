import type { PriceRow, PriceUpdate } from "../domain/priceApi.ts";
import {
  basisInWords,
  factorInWords,
  formatRate,
  ratesInWords,
  sourceInWords,
  stepInWords,
} from "../domain/priceWords.ts";
import type { Rates } from "../domain/rates.ts";
import { type Column, tableLines } from "./table.ts";

/** Prices in USD for a million tokens, one model a line. */
export function priceLines(rows: readonly PriceRow[], width: number): string[] {
  return tableLines(
    [
      { title: "MODEL", mayShrink: true },
      { title: "PROVIDER", mayShrink: true },
      { title: "IN", right: true },
      { title: "CACHED", right: true },
      { title: "WRITES", right: true },
      { title: "OUT", right: true },
      { title: "BASIS" },
      { title: "LONGER PROMPTS", mayShrink: true },
    ],
    rows.map((row) => [
      row.model,
      row.provider,
      ...ratesOf(row.rates, ["input", "cachedInput", "cacheWrite5m", "output"]),
      basisInWords(row.basis),
      row.tiers
        .map(
          ({ above, rates }) => `${formatRate(rates.input)} in, ${formatRate(rates.output)} out ${stepInWords(above)}`,
        )
        .join("; "),
    ]),
    width,
  );
}

/** All that is known of one model's price. */
export function detailLines(row: PriceRow): string[] {
  const listed = (rates: Rates) => {
    const words = ratesInWords(rates);
    const longest = Math.max(...words.map(([name]) => name.length));
    return words.map(([name, rate]) => `  ${name.padEnd(longest)}  ${rate}`);
  };
  const { rates, tiers } = row;
  return [
    `${row.model} of ${row.provider}: ${sourceInWords(row)}`,
    ...(rates === null || row.basis === "free" || row.basis === "compute-hour"
      ? []
      : ["USD for a million tokens:", ...listed(rates)]),
    ...tiers.flatMap((tier) => [`For prompts ${stepInWords(tier.above)}, the whole request:`, ...listed(tier.rates)]),
    ...(row.basis === "unpriced"
      ? [`Set one with: tollgate prices set ${row.provider} ${row.model} --input USD --output USD`]
      : []),
  ];
}

type Changes = Pick<PriceUpdate, "added" | "gone" | "changed" | "heldBack">;

/** What an update changed, would change, or holds back. */
export function changeLines({ added, gone, changed, heldBack }: Changes, width: number): string[] {
  const names = (refs: Changes["added"]) => refs.map(({ provider, model }) => `  ${provider}/${model}`);
  return [
    ...section(`New: ${models(added.length)}`, names(added), added.length),
    ...section(`No longer listed, kept at the last price: ${models(gone.length)}`, names(gone), gone.length),
    ...section(`Changed: ${models(changed.length)}`, movedLines(changed, width), changed.length),
    ...section(`Held back until accepted: ${models(heldBack.length)}`, movedLines(heldBack, width), heldBack.length),
  ];
}

function section(title: string, lines: readonly string[], count: number): string[] {
  return count === 0 ? [] : [title, ...lines];
}

function movedLines(changes: Changes["changed"], width: number): string[] {
  const columns: Column[] = [
    { title: "MODEL", mayShrink: true },
    { title: "PROVIDER", mayShrink: true },
    { title: "IN", right: true },
    { title: "", right: false },
    { title: "OUT", right: true },
    { title: "", right: false },
    { title: "MOVES" },
  ];
  const rows = changes.map(({ provider, model, before, after, factor }) => {
    const [oldIn, oldOut] = ratesOf(before, ["input", "output"]);
    const [newIn, newOut] = ratesOf(after, ["input", "output"]);
    return [model, provider, oldIn ?? "", `→ ${newIn}`, oldOut ?? "", `→ ${newOut}`, factorInWords(factor)];
  });
  return tableLines(columns, rows, width);
}

function ratesOf(rates: Rates | null, names: ReadonlyArray<keyof Rates>): string[] {
  return names.map((name) => (rates === null ? "?" : formatRate(rates[name])));
}

function models(count: number): string {
  return count === 1 ? "1 model" : `${count} models`;
}
