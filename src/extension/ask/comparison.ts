import type { Estimate } from "../../domain/api.ts";
import { cachedShareOf } from "../../domain/cachedInput.ts";
import { formatCount, formatPercent } from "../../domain/formats.ts";
import type { Estimates, ModelEstimate } from "../../domain/modelApi.ts";
import { formatUsd } from "../../domain/money.ts";
import { escapeMarkdown } from "../markdown.ts";
import type { Translate } from "../translate.ts";

/** The cheapest first; what has no price last. */
export function cheapestFirst(estimates: readonly ModelEstimate[]): ModelEstimate[] {
  const cost = ({ expectedNanoUsd }: ModelEstimate) => expectedNanoUsd ?? Number.MAX_VALUE;
  return estimates.toSorted((a, b) => cost(a) - cost(b) || a.model.localeCompare(b.model));
}

/** `about $0.0021, at most $0.031`. */
export function costInWords({ expectedNanoUsd, worstCaseNanoUsd, costBasis }: ModelEstimate, t: Translate): string {
  if (costBasis === "free") {
    return t("free");
  }
  if (costBasis === "compute-hour") {
    return t("no cost of its own: paid by the hour");
  }
  return expectedNanoUsd === null || worstCaseNanoUsd === null
    ? t("price unknown")
    : t("about {expected}, at most {worst}", {
        expected: formatUsd(expectedNanoUsd),
        worst: formatUsd(worstCaseNanoUsd),
      });
}

/** `1,204 in (guessed), 600 out`. */
export function tokensInWords({ inputTokens, inputBasis, usualOutputTokens }: ModelEstimate, t: Translate): string {
  const tokens = { input: formatCount(inputTokens), output: formatCount(usualOutputTokens) };
  return isGuess(inputBasis)
    ? t("about {input} tokens in by its bytes, {output} out", tokens)
    : t("{input} tokens in, {output} out", tokens);
}

function isGuess(basis: Estimate["inputBasis"]): boolean {
  return basis === "bytes";
}

/** The comparison as Markdown: what it takes for granted, and a table whose columns stand below each other as text too. */
export function comparisonDocument(
  { prompts, estimates, cachedShare }: Estimates,
  subject: string,
  maxOutputTokens: number,
  t: Translate,
): string {
  const amount = (nano: number | null) => (nano === null ? t("unknown") : formatUsd(nano));
  const rows = cheapestFirst(estimates).map((one) => [
    escapeMarkdown(one.model),
    escapeMarkdown(one.provider),
    `${isGuess(one.inputBasis) ? "~" : ""}${formatCount(one.inputTokens)}`,
    formatCount(one.usualOutputTokens),
    amount(one.expectedNanoUsd),
    amount(one.worstCaseNanoUsd),
  ]);
  const tooLong = estimates.flatMap(({ model, promptsTooLong }) => (promptsTooLong > 0 ? [escapeMarkdown(model)] : []));
  const remarks = [
    ...(prompts === 1 ? [] : [t("For all {n} prompts; an answer's length is of each.", { n: formatCount(prompts) })]),
    t("Expected: with a usual answer. At most: with one of {n} tokens.", { n: formatCount(maxOutputTokens) }),
    cacheRemark(cachedShare, estimates, t),
    ...(estimates.some(({ inputBasis }) => isGuess(inputBasis))
      ? [t("~ The tokens are guessed from the text's bytes: they could not be counted in time.")]
      : []),
    ...(tooLong.length > 0 ? [t("Too long for {models}.", { models: tooLong.join(", ") })] : []),
    t("Counted on this machine; nothing was sent."),
  ];
  const titles = [t("Model"), t("Provider"), t("Input"), t("Answer"), t("Expected"), t("At most")];
  const heading = t("Cost of {subject}", { subject: escapeMarkdown(subject) });
  return `# ${heading}\n\n${remarks.join("  \n")}\n\n${table(titles, rows).join("\n")}\n`;
}

/** What is taken to come from caches: the share that was given, else what earlier calls have shown of each model. */
function cacheRemark(given: number | null, estimates: readonly ModelEstimate[], t: Translate): string {
  if (given !== null && given > 0) {
    return t("{share} of the input is taken to come from the provider's cache.", { share: formatPercent(given) });
  }
  const learned = estimates
    .filter(({ cachedInputTokens }) => cachedInputTokens > 0)
    .map((one) => `${escapeMarkdown(one.model)} ${formatPercent(cachedShareOf(one))}`);
  return learned.length === 0
    ? t("No input is taken to come from a provider's cache.")
    : t("Of the input, this much is taken to come from the provider's cache, as with earlier calls: {shares}.", {
        shares: learned.join(", "),
      });
}

/** The first two columns are names, the others figures. */
function table(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = titles.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const isName = (column: number) => column < 2;
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (isName(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`;
  const rule = widths.map((width, column) => (isName(column) ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [line(titles), line(rule), ...rows.map(line)];
}
