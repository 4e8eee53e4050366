import { formatPrice, formatTokens } from "../../domain/formats.ts";
import type { Model } from "../../domain/modelApi.ts";
import { ABILITY_NAMES } from "../../domain/models/abilities.ts";
import type { Translate } from "../translate.ts";

/** What a model costs, for a list: `$2.00 in, $8.00 out per million tokens`. */
export function priceInWords(model: Model, t: Translate): string {
  const { costBasis, inputUsdPerMTok, outputUsdPerMTok, hourlyRateUsd } = model;
  if (costBasis === "free") {
    return t("free");
  }
  if (hourlyRateUsd !== null) {
    return t("{price} an hour", { price: formatPrice(hourlyRateUsd) });
  }
  if (costBasis === "default") {
    return t("your default price");
  }
  return inputUsdPerMTok === null || outputUsdPerMTok === null
    ? t("price unknown")
    : t("{input} in, {output} out per million tokens", {
        input: formatPrice(inputUsdPerMTok),
        output: formatPrice(outputUsdPerMTok),
      });
}

/** Its context window and what it is known to be able to do: `200k context · tools, vision`. Empty where nothing is known. */
export function abilitiesInWords({ contextWindowTokens, abilities }: Model, t: Translate): string {
  const words = { tools: t("tools"), vision: t("vision"), reasoning: t("reasoning"), coding: t("coding") };
  const known = ABILITY_NAMES.filter((name) => abilities[name] === true).map((name) => words[name]);
  return [
    ...(contextWindowTokens === null ? [] : [t("{n} context", { n: formatTokens(contextWindowTokens) })]),
    ...(known.length === 0 ? [] : [known.join(", ")]),
  ].join(" · ");
}
