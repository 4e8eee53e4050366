import type { OwnRun, RunSum } from "../../client/ownRun.ts";
import { formatCount, formatDuration } from "../../domain/formats.ts";
import { formatUsd, nanoFromUsd, usdFromNano } from "../../domain/money.ts";
import { type BatchEnd, MOST_FAILURES_IN_A_ROW } from "../../prompts/batch/runBatch.ts";
import { EXIT } from "../exitCode.ts";
import { note, printJson } from "../output.ts";

/** A batch that has come to its end. */
export interface EndedBatch {
  readonly run: OwnRun;
  readonly end: BatchEnd;
  readonly sum: RunSum;
  /** Prompts that an earlier run had answered. */
  readonly skipped: number;
  readonly tookMs: number;
}

/** Says how a batch went: as JSON on standard output where the results are in a file, else on standard error. */
export function tellEnd(flags: { readonly json?: boolean; readonly output?: string }, ended: EndedBatch): void {
  const { run, end, sum, skipped, tookMs } = ended;
  const { answered, failed, remaining } = end;
  if (flags.json === true) {
    const data = {
      run: run.id,
      prompts: skipped + answered + failed + remaining,
      skipped,
      answered,
      failed,
      remaining,
      stopped: stopped(end, run),
      ...sum,
      costUsd: usdFromNano(sum.costNanoUsd),
      limitUsd: run.limitUsd,
    };
    if (flags.output === undefined) {
      note(JSON.stringify(data));
    } else {
      printJson(data);
    }
    return;
  }
  const parts = [
    `${formatCount(answered)} answered`,
    ...(failed === 0 ? [] : [`${formatCount(failed)} failed`]),
    ...(remaining === 0 ? [] : [`${formatCount(remaining)} not asked`]),
    `${formatUsd(sum.costNanoUsd)}${run.limitUsd === null ? "" : ` of ${formatUsd(nanoFromUsd(run.limitUsd))}`}`,
    `${formatCount(sum.inputTokens)} tokens in, ${formatCount(sum.outputTokens)} out`,
    formatDuration(tookMs),
    run.id,
  ];
  note(`tollgate: ${parts.join(" · ")}`);
  const why = stopped(end, run);
  if (why !== null) {
    const rest = remaining === 1 ? "1 prompt remains" : `${formatCount(remaining)} prompts remain`;
    const how = flags.output === undefined ? "" : "; --resume goes on with them";
    note(`tollgate: ${why.message} ${rest}${how}.`);
  }
}

/** Where an earlier run has answered everything: remarks have said so, programs are told as of every batch. */
export function tellNothingToDo(
  flags: { readonly json?: boolean; readonly output?: string },
  run: OwnRun,
  skipped: number,
): void {
  if (flags.json === true) {
    const end = { answered: 0, failed: 0, remaining: 0, stoppedBy: null };
    const sum = { calls: 0, refused: 0, costNanoUsd: 0, inputTokens: 0, outputTokens: 0 };
    tellEnd(flags, { run, end, sum, skipped, tookMs: 0 });
  }
}

/** Why prompts remain; null where none does. */
function stopped(
  { stoppedBy, remaining }: BatchEnd,
  { id, limitUsd }: OwnRun,
): { readonly kind: string; readonly message: string } | null {
  if (stoppedBy === null || remaining === 0) {
    return null;
  }
  switch (stoppedBy) {
    case "stop":
      return { kind: "interrupted", message: "Stopped." };
    case "failures":
      return { kind: "failures", message: `Stopped after ${MOST_FAILURES_IN_A_ROW} failures in a row.` };
    default:
      return {
        kind: stoppedBy.refusal?.reason ?? stoppedBy.kind,
        message:
          stoppedBy.refusal?.budget === id
            ? `The batch reached its limit of ${formatUsd(nanoFromUsd(limitUsd ?? 0))}.`
            : stoppedBy.message,
      };
  }
}

export function exitCodeOf(end: BatchEnd, run: OwnRun): number {
  switch (stopped(end, run)?.kind) {
    case "interrupted":
      return EXIT.interrupted;
    case "budget":
      return EXIT.budgetSpent;
    default:
      return end.failed > 0 || end.remaining > 0 ? EXIT.error : EXIT.ok;
  }
}
