import * as vscode from "vscode";
import { formatCount } from "../../domain/formats.ts";
import { formatUsd, nanoFromUsd } from "../../domain/money.ts";
import type { Target } from "../../prompts/asker.ts";
import type { WantedPrompt } from "../../prompts/batch/askBatch.ts";
import { type BatchEstimate, estimateBatch } from "../../prompts/batch/batchEstimate.ts";
import type { BatchPrompt } from "../../prompts/batch/batchFile.ts";
import { caller } from "../ask/caller.ts";
import { askOutputLimit } from "../ask/promptBox.ts";
import { parseUsd, typedUsd } from "../budgets/amount.ts";
import type { Services } from "../services.ts";
import type { AnswersFile } from "./answersFile.ts";
import type { BatchTargets } from "./batchTargets.ts";
import { batchCostLine } from "./batchWords.ts";

/** A batch that the user has agreed to. */
export interface AgreedBatch {
  readonly wanted: readonly WantedPrompt[];
  readonly file: AnswersFile;
  /** A hard limit for this batch alone, in USD; null: none. */
  readonly limitUsd: number | null;
}

interface Given {
  readonly prompts: readonly BatchPrompt[];
  readonly targets: BatchTargets;
  readonly file: AnswersFile;
}

type Choice = "run" | "budget" | "limit";

/** Says what the batch will come to before it costs anything; undefined where the user leaves. */
export async function confirmBatch(services: Services, given: Given): Promise<AgreedBatch | undefined> {
  let maxOutputTokens = services.settings.current.maxOutputTokens;
  let limitUsd: number | null = null;
  for (;;) {
    const wanted = wantedOf(given, maxOutputTokens);
    const estimate = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: vscode.l10n.t("Counting tokens…") },
      async () => estimateBatch(await services.sidecar.api(), caller(), wanted),
    );
    switch (await ask(given, estimate, maxOutputTokens, limitUsd)) {
      case "run":
        return { wanted, file: given.file, limitUsd };
      case "budget":
        limitUsd = await askBudget(limitUsd, estimate);
        break;
      case "limit":
        maxOutputTokens = (await askOutputLimit(maxOutputTokens)) ?? maxOutputTokens;
        break;
      default:
        return undefined;
    }
  }
}

function wantedOf({ prompts, targets }: Given, maxOutputTokens: number): WantedPrompt[] {
  return prompts.map((prompt) => ({
    prompt,
    target: targets.get(prompt.model) as Target,
    system: prompt.system,
    maxOutputTokens: prompt.maxOutputTokens ?? maxOutputTokens,
    text: prompt.text,
  }));
}

async function ask(
  { prompts, file }: Given,
  estimate: BatchEstimate,
  maxOutputTokens: number,
  limitUsd: number | null,
): Promise<Choice | undefined> {
  const t = vscode.l10n.t;
  const unsent = [...new Set(prompts.flatMap((prompt) => prompt.unsent))];
  const items: Array<vscode.QuickPickItem & { choice: Choice }> = [
    {
      label: estimate.tooDear === null ? t("Run") : t("Run All the Same"),
      detail: batchCostLine(estimate, limitUsd, t),
      choice: "run",
    },
    {
      label: t("Set a Limit for This Batch…"),
      description: limitUsd === null ? t("now none") : t("now {limit}", { limit: formatUsd(nanoFromUsd(limitUsd)) }),
      choice: "budget",
    },
    {
      label: t("Change the Output Limit…"),
      description: t("now {n} tokens", { n: formatCount(maxOutputTokens) }),
      choice: "limit",
    },
  ];
  const goesTo = t("Answers go to {file}", { file: file.name });
  const left = unsent.length === 0 ? "" : ` ${t("Left out: {names}.", { names: unsent.join(", ") })}`;
  const picked = await vscode.window.showQuickPick(items, {
    title: prompts.length === 1 ? t("Run 1 Prompt") : t("Run {n} Prompts", { n: formatCount(prompts.length) }),
    placeHolder: `${goesTo}.${left}`,
    ignoreFocusOut: true,
  });
  return picked?.choice;
}

/** Empty takes the limit away; leaving keeps what it was. */
async function askBudget(before: number | null, { backends }: BatchEstimate): Promise<number | null> {
  const t = vscode.l10n.t;
  const expected = backends.reduce((sum, one) => sum + (one.expectedNanoUsd ?? 0), 0);
  const typed = await vscode.window.showInputBox({
    title: t("Set a Limit for This Batch"),
    prompt: t("A hard limit in USD for this batch alone; empty for none."),
    value: before === null ? typedUsd(expected) : String(before),
    ignoreFocusOut: true,
    validateInput: (text) =>
      text.trim() === "" || parseUsd(text) !== null
        ? undefined
        : t("Give an amount in USD of 0 or more, such as 20 or 2.50."),
  });
  return typed === undefined ? before : parseUsd(typed);
}
