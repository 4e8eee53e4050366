import { backendInWords } from "../../domain/backends/backendSettings.ts";
import { formatCount } from "../../domain/formats.ts";
import { formatUsd } from "../../domain/money.ts";
import type { BackendEstimate, BatchEstimate, Shortage } from "../../prompts/batch/batchEstimate.ts";

/** What a batch will come to, and where it may stop. */
export function batchEstimateLines({ backends, tight, tooDear }: BatchEstimate): string[] {
  return [
    ...backends.flatMap(backendLines),
    ...(tight === null
      ? []
      : [`it can come to ${formatUsd(tight.worstCaseNanoUsd)}, and ${left(tight)}: there it would stop`]),
    ...(tooDear === null ? [] : [`it is expected to cost ${formatUsd(tooDear.expectedNanoUsd)}, and ${left(tooDear)}`]),
  ];
}

function backendLines({
  target,
  prompts,
  expectedNanoUsd,
  worstCaseNanoUsd,
  promptsTooLong,
}: BackendEstimate): string[] {
  const many = prompts === 1 ? "1 prompt" : `${formatCount(prompts)} prompts`;
  const cost =
    expectedNanoUsd === null || worstCaseNanoUsd === null
      ? "no price is known"
      : `about ${formatUsd(expectedNanoUsd)}, at most ${formatUsd(worstCaseNanoUsd)}`;
  const long =
    promptsTooLong === 0
      ? []
      : [`${formatCount(promptsTooLong)} of them are too long for the context of ${target.model}`];
  return [`${many} for ${backendInWords(target)}: ${cost}`, ...long];
}

function left({ budget, leftNanoUsd }: Shortage): string {
  return `the budget ${budget} has ${formatUsd(leftNanoUsd)} left`;
}
