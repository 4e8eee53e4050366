import type { PriceRow, PriceUpdate } from "../domain/priceApi.ts";
import {
  basisInWords,
  factorInWords,
  formatRate,
  greatestMove,
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
      { title: "PROVIDER", mayShrink: true, rank: 1 },
      { title: "IN", right: true },
      { title: "CACHED", right: true, rank: 3 },
      { title: "WRITES", right: true, rank: 4 },
      { title: "OUT", right: true },
      { title: "BASIS", rank: 2 },
      { title: "LONGER PROMPTS", mayShrink: true, rank: 5 },
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

/** Names that are listed: the rest is counted. */
const MOST_NAMES = 20;

/** What an update changed, would change, or holds back. */
export function changeLines({ added, gone, changed, heldBack }: Changes, width: number): string[] {
  return [
    ...section("New", added, nameLines(added)),
    ...section("No longer listed, kept at the last price", gone, nameLines(gone)),
    ...section("Changed", changed, movedLines(changed, width)),
    ...section("Held back until accepted", heldBack, movedLines(heldBack, width)),
  ];
}

function section(title: string, refs: Changes["added"], lines: readonly string[]): string[] {
  const count = refs.length === 1 ? "1 model" : `${refs.length} models`;
  return refs.length === 0 ? [] : [`${title}: ${count}`, ...lines];
}

function nameLines(refs: Changes["added"]): string[] {
  const more = refs.length - MOST_NAMES;
  return [
    ...refs.slice(0, MOST_NAMES).map(({ provider, model }) => `  ${provider}/${model}`),
    ...(more > 0 ? [`  and ${more} more; --json names them all`] : []),
  ];
}

/** Each with the class that moves most: its name is what an acceptance takes. */
function movedLines(changes: Changes["changed"], width: number): string[] {
  const columns: Column[] = [
    { title: "NAME", mayShrink: true },
    { title: "WHAT", rank: 1 },
    { title: "FROM", right: true },
    { title: "TO", right: true },
    { title: "MOVES", rank: 2 },
  ];
  const rows = changes.map(({ provider, model, before, after, factor }) => {
    const [what, from, to] = greatestMove(before, after) ?? ["for long prompts, or later", "", ""];
    return [`${provider}/${model}`, what, from, to, factorInWords(factor)];
  });
  return tableLines(columns, rows, width);
}

function ratesOf(rates: Rates | null, names: ReadonlyArray<keyof Rates>): string[] {
  return names.map((name) => (rates === null ? "?" : formatRate(rates[name])));
}
