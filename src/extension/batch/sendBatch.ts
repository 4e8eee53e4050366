import * as vscode from "vscode";
import { beginRun, endRun, newRun, type OwnRun, sumOfRun } from "../../client/ownRun.ts";
import type { Asker } from "../../prompts/asker.ts";
import { FileOutput } from "../../prompts/batch/batchOutput.ts";
import type { BatchEnd } from "../../prompts/batch/runBatch.ts";
import type { TakeOver } from "../../prompts/runWithFallback.ts";
import { askerOf } from "../ask/askerOf.ts";
import { caller } from "../ask/caller.ts";
import { takeOverInWords } from "../backends/backendWords.ts";
import { COMMANDS } from "../commandIds.ts";
import type { Services } from "../services.ts";
import { batchEndInWords, batchProgressInWords } from "./batchWords.ts";
import type { AgreedBatch } from "./confirmBatch.ts";

/** Prompts that are asked at once. */
const CONCURRENCY = 4;

/** Asks the prompts of a batch as a run of its own, and says how it went. */
export async function sendBatch(services: Services, batch: AgreedBatch): Promise<void> {
  const run = newRun(batch.limitUsd);
  const link = services.sidecar.linkFor(run.id);
  try {
    const api = await link.ensure();
    // As for every run: what it has of its own is there for as long as this stream is open.
    link.start();
    await beginRun(api, run);
    let end: BatchEnd;
    try {
      const asker = await askerOf(services, () => link.ensure(), { ...caller(), tags: [run.id] });
      end = await askInSight(services, asker, batch);
    } finally {
      await endRun(await link.ensure(), run);
    }
    const { costNanoUsd } = await sumOfRun(await link.ensure(), run);
    services.log.info(
      `A batch is over, ${run.id}: ${end.answered} answered, ${end.failed} failed, ${end.remaining} left`,
    );
    void tellEnd(batch, end, costNanoUsd, run);
  } finally {
    link.dispose();
  }
}

/** With its progress in a message, whose cancelling lets the prompts under way come to their end. */
async function askInSight(services: Services, asker: Asker, { wanted, file }: AgreedBatch): Promise<BatchEnd> {
  const t = vscode.l10n.t;
  // The providers' clients are large: they are loaded with the first prompt, not with VS Code.
  const { askBatch } = await import("../../prompts/batch/askBatch.ts");
  const output = new FileOutput(file.path, file.prompts);
  const announced = new Set<string>();
  const title = wanted.length === 1 ? t("Running 1 prompt") : t("Running {n} prompts", { n: wanted.length });
  try {
    return await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      async (progress, token) => {
        const stop = new AbortController();
        token.onCancellationRequested(() => stop.abort());
        let [done, failed, cost] = [0, 0, 0];
        return askBatch({
          asker,
          wanted,
          concurrency: CONCURRENCY,
          timeoutMs: services.settings.current.timeoutMs,
          stop: stop.signal,
          cancel: new AbortController().signal,
          onTakeOver: (takeOver) => announce(services, takeOver, announced),
          onResult: (result) => {
            output.take(result);
            done += 1;
            failed += result.status === "error" ? 1 : 0;
            cost += result.costNanoUsd ?? 0;
            progress.report({
              message: batchProgressInWords({ done, all: wanted.length, failed, costNanoUsd: cost }, t),
              increment: 100 / wanted.length,
            });
          },
        });
      },
    );
  } finally {
    output.close();
  }
}

/** Each way that backends take over is told once. */
function announce({ log }: Services, takeOver: TakeOver, announced: Set<string>): void {
  const words = takeOverInWords(takeOver, vscode.l10n.t);
  if (!announced.has(words)) {
    announced.add(words);
    log.warn(words);
    void vscode.window.showWarningMessage(words);
  }
}

/** A higher limit is offered where a budget stopped the batch that is still there. */
async function tellEnd({ file }: AgreedBatch, end: BatchEnd, costNanoUsd: number, run: OwnRun): Promise<void> {
  const t = vscode.l10n.t;
  const open = t("Open Answers");
  const raise = t("Raise…");
  const { stoppedBy, remaining, failed } = end;
  const refusal = stoppedBy instanceof Error ? stoppedBy.refusal : null;
  const budget = refusal?.reason === "budget" && refusal.budget !== run.id ? refusal.budget : null;
  const text = batchEndInWords(end, run, costNanoUsd, t);
  const ways = budget === null ? [open] : [open, raise];
  const isWell = failed === 0 && (remaining === 0 || stoppedBy === "stop");
  const chosen = await (isWell
    ? vscode.window.showInformationMessage(text, ...ways)
    : vscode.window.showWarningMessage(text, ...ways));
  if (chosen === open) {
    await vscode.window.showTextDocument(vscode.Uri.file(file.path));
  } else if (chosen === raise) {
    await vscode.commands.executeCommand(COMMANDS.raiseBudget, budget);
  }
}
