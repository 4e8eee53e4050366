import type { BudgetStatus, Estimate } from "../../domain/api.ts";
import { cachedShareOf } from "../../domain/cachedInput.ts";
import { formatCount, formatPercent } from "../../domain/formats.ts";
import { formatUsd } from "../../domain/money.ts";
import type { Translate } from "../translate.ts";

/** Of what is left, the share from which a prompt's worst case is worth a second look. */
const LARGE_SHARE = 0.25;

/**
 * What a prompt would cost, and what is left, in one line: `About $0.0021, at most $0.031 · month: $0.98 left`. Where the
 * gate would refuse it, its own words, which name the amounts.
 */
export function costLine(estimate: Estimate, budgets: readonly BudgetStatus[], t: Translate): string {
  if (estimate.refusal !== null) {
    return t("This would be refused. {reason}", { reason: estimate.refusal });
  }
  const parts = [amounts(estimate, t), ...(estimate.costBasis === "default" ? [t("at your default price")] : [])];
  if (estimate.cachedInputTokens > 0) {
    const share = formatPercent(cachedShareOf(estimate));
    parts.push(t("{share} of the input from the provider's cache, as before", { share }));
  }
  const budget = tightestOf(estimate, budgets);
  if (budget !== undefined) {
    parts.push(t("{name}: {left} left", { name: budget.name, left: formatUsd(budget.leftNanoUsd) }));
  }
  if (estimate.undecided) {
    parts.push(t("may not fit: it is counted more closely when it is sent"));
  }
  if (estimate.clampedOutputTokens !== null) {
    parts.push(t("output limit lowered to {n} tokens", { n: formatCount(estimate.clampedOutputTokens) }));
  }
  return parts.join(" · ");
}

function amounts(estimate: Estimate, t: Translate): string {
  if (estimate.costBasis === "free") {
    return t("Free");
  }
  if (estimate.costBasis === "compute-hour") {
    return t("No cost of its own: this server is paid by the hour");
  }
  const { expectedNanoUsd, worstCaseNanoUsd } = estimate;
  if (worstCaseNanoUsd === null) {
    return expectedNanoUsd === null
      ? t("Cost unknown: no price is known for this model")
      : t("About {expected}, worst case unknown", { expected: formatUsd(expectedNanoUsd) });
  }
  return expectedNanoUsd === null
    ? t("At most {worst}", { worst: formatUsd(worstCaseNanoUsd) })
    : t("About {expected}, at most {worst}", {
        expected: formatUsd(expectedNanoUsd),
        worst: formatUsd(worstCaseNanoUsd),
      });
}

/** Whether the estimate is a reason to ask once more before the prompt is sent. */
export function isTight(estimate: Estimate, budgets: readonly BudgetStatus[]): boolean {
  const { refusal, undecided, clampedOutputTokens, costBasis } = estimate;
  if (refusal !== null || undecided || clampedOutputTokens !== null || costBasis === "unpriced") {
    return true;
  }
  const budget = tightestOf(estimate, budgets);
  return (
    budget !== undefined &&
    estimate.worstCaseNanoUsd !== null &&
    estimate.worstCaseNanoUsd > budget.leftNanoUsd * LARGE_SHARE
  );
}

function tightestOf({ tightestBudget }: Estimate, budgets: readonly BudgetStatus[]): BudgetStatus | undefined {
  return budgets.find(({ name }) => name === tightestBudget);
}
