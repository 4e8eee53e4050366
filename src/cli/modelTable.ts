import { formatPrice, formatTokens } from "../domain/formats.ts";
import type { Model } from "../domain/modelApi.ts";
import { ABILITY_NAMES } from "../domain/models/abilities.ts";
import { tableLines } from "./table.ts";

/** A table of models, with prices in USD for a million tokens. */
export function modelLines(models: readonly Model[], width: number): string[] {
  return tableLines(
    [
      { title: "MODEL", mayShrink: true },
      { title: "PROVIDER", mayShrink: true, rank: 1 },
      { title: "IN", right: true },
      { title: "CACHED", right: true, rank: 3 },
      { title: "OUT", right: true },
      { title: "CONTEXT", right: true, rank: 2 },
      { title: "TIER", rank: 4 },
      { title: "ABILITIES", mayShrink: true, rank: 5 },
    ],
    models.map((model) => [
      model.model,
      model.provider,
      ...pricesOf(model),
      model.contextWindowTokens === null ? "?" : formatTokens(model.contextWindowTokens),
      model.tier ?? "?",
      abilitiesInWords(model),
    ]),
    width,
  );
}

function pricesOf(model: Model): [input: string, cached: string, output: string] {
  switch (model.costBasis) {
    case "free":
      return ["free", "", ""];
    case "compute-hour":
      return ["by hour", "", ""];
    case "default":
      return ["default", "", ""];
    default:
      return [usd(model.inputUsdPerMTok), usd(model.cachedInputUsdPerMTok), usd(model.outputUsdPerMTok)];
  }
}

/** A price; a question mark where nobody knows it. */
export function usd(price: number | null): string {
  return price === null ? "?" : formatPrice(price);
}

/** Those that a model is known to have. What it is known not to have, and what nobody knows, is left out. */
export function abilitiesInWords({ abilities }: Pick<Model, "abilities">): string {
  return ABILITY_NAMES.filter((name) => abilities[name] === true).join(", ");
}
