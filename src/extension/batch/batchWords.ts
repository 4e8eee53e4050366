import type { OwnRun } from "../../client/ownRun.ts";
import { formatCount } from "../../domain/formats.ts";
import { formatUsd, nanoFromUsd } from "../../domain/money.ts";
import type { BatchEstimate } from "../../prompts/batch/batchEstimate.ts";
import { type BatchEnd, MOST_FAILURES_IN_A_ROW } from "../../prompts/batch/runBatch.ts";
import type { Translate } from "../translate.ts";

/** What a batch will come to, and where it may stop, in one line. */
export function batchCostLine(
  { backends, tight, tooDear }: BatchEstimate,
  limitUsd: number | null,
  t: Translate,
): string {
  const known = backends.every((one) => one.expectedNanoUsd !== null && one.worstCaseNanoUsd !== null);
  const expected = backends.reduce((sum, one) => sum + (one.expectedNanoUsd ?? 0), 0);
  const worst = backends.reduce((sum, one) => sum + (one.worstCaseNanoUsd ?? 0), 0);
  const tooLong = backends.reduce((sum, one) => sum + one.promptsTooLong, 0);
  const models = backends.map(({ target }) => target.model).join(", ");
  const cost = known
    ? t("{models}: about {expected}, at most {worst}.", {
        models,
        expected: formatUsd(expected),
        worst: formatUsd(worst),
      })
    : t("{models}: no price is known.", { models });
  const short = tooDear ?? tight;
  const limit = limitUsd === null ? null : nanoFromUsd(limitUsd);
  return [
    cost,
    ...(tooLong === 0 ? [] : [t("{n} prompts are too long for their model.", { n: formatCount(tooLong) })]),
    ...(short === null
      ? []
      : [
          t("The {name} budget has {left} left: there the batch would stop.", {
            name: short.budget,
            left: formatUsd(short.leftNanoUsd),
          }),
        ]),
    ...(limit === null || worst <= limit ? [] : [t("It stops at {limit} of its own.", { limit: formatUsd(limit) })]),
  ].join(" ");
}

/** How a batch went: `118 answered, 2 failed, 40 not asked. $0.12.` */
export function batchEndInWords(
  { answered, failed, remaining, stoppedBy }: BatchEnd,
  { id, limitUsd }: OwnRun,
  costNanoUsd: number,
  t: Translate,
): string {
  const counts = [
    t("{n} answered", { n: formatCount(answered) }),
    ...(failed === 0 ? [] : [t("{n} failed", { n: formatCount(failed) })]),
    ...(remaining === 0 ? [] : [t("{n} not asked", { n: formatCount(remaining) })]),
  ];
  const sum = t("{counts}. The batch cost {cost}.", { counts: counts.join(", "), cost: formatUsd(costNanoUsd) });
  if (remaining === 0 || stoppedBy === null || stoppedBy === "stop") {
    return sum;
  }
  const why =
    stoppedBy === "failures"
      ? t("It stopped after {n} failures in a row.", { n: MOST_FAILURES_IN_A_ROW })
      : stoppedBy.refusal?.budget === id
        ? t("The batch reached its limit of {limit}.", { limit: formatUsd(nanoFromUsd(limitUsd ?? 0)) })
        : stoppedBy.message;
  return `${why} ${sum}`;
}

/** How far a batch has come. */
export interface BatchCounts {
  readonly done: number;
  readonly all: number;
  readonly failed: number;
  readonly costNanoUsd: number;
}

export function batchProgressInWords({ done, all, failed, costNanoUsd }: BatchCounts, t: Translate): string {
  const cost = formatUsd(costNanoUsd);
  const counts = { done: formatCount(done), all: formatCount(all), failed: formatCount(failed), cost };
  return failed === 0 ? t("{done} of {all} · {cost}", counts) : t("{done} of {all} · {failed} failed · {cost}", counts);
}
