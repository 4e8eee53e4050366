import * as vscode from "vscode";
import type { Estimate } from "../../domain/api.ts";
import { formatCount } from "../../domain/formats.ts";
import { messageOf } from "../contribution.ts";
import type { Services } from "../services.ts";
import { caller } from "./caller.ts";
import { costLine } from "./costLine.ts";
import type { Draft } from "./draft.ts";
import { linesInWords, questionText } from "./question.ts";

/** Typing pauses this long, in ms, before the cost is looked up. */
const PAUSE_MS = 120;

export type PromptAnswer =
  /** `estimate` is what the user saw when sending; null where the cost was not there yet. */
  | { readonly kind: "send"; readonly prompt: string; readonly estimate: Estimate | null }
  | { readonly kind: "back" | "limit" | "left"; readonly prompt: string };

/** Lets the user type a prompt; what it would cost stands below it all the while. */
export async function askPrompt(services: Services, draft: Draft): Promise<PromptAnswer> {
  const t = vscode.l10n.t;
  const limit: vscode.QuickInputButton = {
    iconPath: new vscode.ThemeIcon("settings-gear"),
    tooltip: t("Change the Output Limit ({n} Tokens)", { n: formatCount(draft.maxOutputTokens) }),
  };
  const box = vscode.window.createInputBox();
  box.title = t("Ask {model} ({provider})", draft.choice);
  box.placeholder =
    draft.excerpt === null
      ? t("What do you want to know?")
      : t("What do you want to know about {lines} of {file}?", {
          lines: linesInWords(draft.excerpt),
          file: draft.excerpt.file,
        });
  box.prompt = t("What it costs stands here while you type.");
  box.value = draft.prompt;
  box.ignoreFocusOut = true;
  box.buttons = [vscode.QuickInputButtons.Back, limit];

  let shown: { prompt: string; estimate: Estimate } | null = null;
  let timer: NodeJS.Timeout | undefined;
  let open = true;
  const look = async () => {
    const prompt = box.value;
    if (prompt.trim() === "") {
      box.validationMessage = undefined;
      return;
    }
    try {
      const estimate = await estimateOf(services, { ...draft, prompt });
      if (open && box.value === prompt) {
        shown = { prompt, estimate };
        box.validationMessage = {
          message: costLine(estimate, services.sidecar.status?.budgets ?? [], t),
          severity:
            estimate.refusal === null && !estimate.undecided && estimate.clampedOutputTokens === null
              ? vscode.InputBoxValidationSeverity.Info
              : vscode.InputBoxValidationSeverity.Warning,
        };
      }
    } catch (error) {
      if (open) {
        box.validationMessage = {
          message: t("The cost cannot be told: {reason}", { reason: messageOf(error) }),
          severity: vscode.InputBoxValidationSeverity.Warning,
        };
      }
    }
  };
  void look();
  const answer = await new Promise<PromptAnswer>((resolve) => {
    box.onDidChangeValue(() => {
      clearTimeout(timer);
      timer = setTimeout(() => void look(), PAUSE_MS);
    });
    box.onDidTriggerButton((button) => resolve({ kind: button === limit ? "limit" : "back", prompt: box.value }));
    box.onDidHide(() => resolve({ kind: "left", prompt: box.value }));
    box.onDidAccept(() => {
      const prompt = box.value.trim();
      if (prompt === "") {
        box.validationMessage = t("Type what you want to know.");
        return;
      }
      resolve({ kind: "send", prompt, estimate: shown?.prompt === box.value ? shown.estimate : null });
    });
    box.show();
  });
  open = false;
  clearTimeout(timer);
  box.dispose();
  return answer;
}

/**
 * The sidecar counts the prompt's text: by its bytes alone it would seem several times as dear, and near a limit be refused.
 * @throws ApiError, SidecarUnavailableError
 */
export async function estimateOf({ sidecar }: Services, draft: Draft): Promise<Estimate> {
  const api = await sidecar.api();
  return api.estimate({
    provider: draft.choice.provider,
    model: draft.choice.model,
    text: questionText(draft),
    maxOutputTokens: draft.maxOutputTokens,
    caller: caller(),
  });
}

/** A new output limit in tokens; undefined where the user leaves it as it is. */
export async function askOutputLimit(current: number): Promise<number | undefined> {
  const t = vscode.l10n.t;
  const parse = (text: string) => (/^[\d,\s]+$/.test(text) ? Number(text.replace(/[,\s]/g, "")) : Number.NaN);
  const text = await vscode.window.showInputBox({
    title: t("Output Limit"),
    prompt: t("The longest answer to ask for, in tokens. It sets the worst case of the cost."),
    placeHolder: t("Tokens, such as {n}", { n: 1024 }),
    value: String(current),
    validateInput: (value) => {
      const tokens = parse(value);
      return Number.isInteger(tokens) && tokens >= 1 && tokens <= 1_000_000
        ? undefined
        : t("Give a whole number of tokens, from 1 to 1,000,000.");
    },
  });
  return text === undefined ? undefined : parse(text);
}
