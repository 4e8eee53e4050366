import { cachedShareOf } from "../domain/cachedInput.ts";
import { formatCount, formatPercent, formatTokens } from "../domain/formats.ts";
import type { Estimates, ModelEstimate } from "../domain/modelApi.ts";
import { formatUsd } from "../domain/money.ts";
import { tableLines } from "./table.ts";

/** Costs on each model, and below them what they rest on. */
export function estimateLines(estimates: Estimates, limited: boolean, width: number): string[] {
  const isBatch = estimates.prompts > 1;
  const rows = estimates.estimates.map((one) => [
    one.model,
    one.provider,
    `${one.inputBasis === "bytes" ? "~" : ""}${formatTokens(one.inputTokens)}`,
    formatCount(one.usualOutputTokens),
    amount(one.expectedNanoUsd),
    amount(one.worstCaseNanoUsd),
    ...(isBatch ? [amount(perThousand(one, estimates.prompts))] : []),
  ]);
  const table = tableLines(
    [
      { title: "MODEL", mayShrink: true },
      { title: "PROVIDER", mayShrink: true, rank: 2 },
      { title: "INPUT", right: true, rank: 3 },
      { title: isBatch ? "EACH ANSWER" : "ANSWER", right: true, rank: 4 },
      { title: "EXPECTED", right: true },
      { title: "AT MOST", right: true },
      ...(isBatch ? [{ title: "PER 1,000", right: true, rank: 1 }] : []),
    ],
    rows,
    width,
  );
  return [...table, ...remarks(estimates, limited)];
}

function remarks({ prompts, cachedShare, estimates }: Estimates, limited: boolean): string[] {
  const some = (test: (one: ModelEstimate) => boolean) => estimates.filter(test).map(({ model }) => model);
  const byBytes = some(({ inputBasis }) => inputBasis === "bytes").length > 0;
  const unpriced = some(({ expectedNanoUsd }) => expectedNanoUsd === null);
  const tooLong = estimates.filter(({ promptsTooLong }) => promptsTooLong > 0);
  const hourly = some(({ costBasis }) => costBasis === "compute-hour");
  const byDefault = some(({ costBasis }) => costBasis === "default");
  const short = estimates.filter(
    ({ worstCaseNanoUsd, leftNanoUsd }) =>
      worstCaseNanoUsd !== null && leftNanoUsd !== null && worstCaseNanoUsd > leftNanoUsd,
  );
  return [
    ...(prompts > 1 ? [`For ${formatCount(prompts)} prompts.`] : []),
    cacheRemark(cachedShare, estimates),
    ...(limited ? [] : ["At most: with answers as long as each model can give (--output-tokens)."]),
    ...(byBytes ? ["~ The tokens are guessed from the text's bytes: they could not be counted in time."] : []),
    ...(hourly.length > 0 ? [`${hourly.join(", ")}: no cost of its own, the server is paid by the hour.`] : []),
    ...(byDefault.length > 0 ? [`${byDefault.join(", ")}: at your default price.`] : []),
    ...(unpriced.length > 0 ? [`No price is known for ${unpriced.join(", ")}.`] : []),
    ...tooLong.map(
      ({ model, promptsTooLong, contextWindowTokens }) =>
        `${model}: ${promptsTooLong === 1 ? "a prompt is" : `${formatCount(promptsTooLong)} prompts are`} too long for its context of ${formatTokens(contextWindowTokens ?? 0)} tokens.`,
    ),
    ...short.map(
      ({ model, tightestBudget, leftNanoUsd }) =>
        `${model}: the budget ${tightestBudget} has ${formatUsd(leftNanoUsd ?? 0)} left, less than it can come to.`,
    ),
  ];
}

/** What is taken to come from caches: the share that was given, else what earlier calls have shown of each model. */
function cacheRemark(given: number | null, estimates: readonly ModelEstimate[]): string {
  if (given !== null && given > 0) {
    return `${formatPercent(given)} of the input is taken to come from the provider's cache.`;
  }
  const learned = estimates
    .filter(({ cachedInputTokens }) => cachedInputTokens > 0)
    .map((one) => `${formatPercent(cachedShareOf(one))} with ${one.model}`);
  return learned.length === 0
    ? "No input is taken to come from a provider's cache (--cached-share)."
    : `Of the input, this much is taken to come from the provider's cache, as with earlier calls: ${learned.join(", ")} (--cached-share).`;
}

function perThousand({ expectedNanoUsd }: ModelEstimate, prompts: number): number | null {
  return expectedNanoUsd === null ? null : Math.ceil((expectedNanoUsd / prompts) * 1_000);
}

function amount(nanoUsd: number | null): string {
  return nanoUsd === null ? "unknown" : formatUsd(nanoUsd);
}
