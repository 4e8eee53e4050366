import * as vscode from "vscode";
import { type Backend, backendInWords } from "../../domain/backends/backendSettings.ts";
import type { Call } from "../../domain/call.ts";
import { formatCount, formatDuration, formatPercent } from "../../domain/formats.ts";
import { PromptError } from "../../prompts/promptError.ts";
import type { RetryNotice } from "../../prompts/runPrompt.ts";
import type { FallbackPlan } from "../../prompts/runWithFallback.ts";
import { takeOverInWords } from "../backends/backendWords.ts";
import { messageOf } from "../contribution.ts";
import type { Services } from "../services.ts";
import type { Answer } from "./answerDocuments.ts";
import { answerFoot, answerHead } from "./answerText.ts";
import { askerOf } from "./askerOf.ts";
import { caller } from "./caller.ts";
import type { Draft } from "./draft.ts";
import type { Refused } from "./failures.ts";
import { questionText } from "./question.ts";
import type { RunningPrompts } from "./runningPrompts.ts";

export type Sent =
  | { readonly kind: "done" | "cancelled" }
  | ({ readonly kind: "refused" } & Refused)
  | { readonly kind: "key" | "failed"; readonly message: string };

/** So many ms the sidecar may take to book a call whose answer has ended. */
const BOOKING_LIMIT_MS = 3_000;
/** The progress message is not changed more often than this, in ms. */
const PROGRESS_PAUSE_MS = 400;

/** Sends a prompt and streams its answer into a document, with what it cost below. Failures are told, not thrown. */
export async function sendPrompt(services: Services, running: RunningPrompts, draft: Draft): Promise<Sent> {
  const title = vscode.l10n.t("Asking {model}", { model: draft.choice.model });
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (progress, token) => {
      const prompt = running.add();
      const subscription = token.onCancellationRequested(() => prompt.controller.abort());
      try {
        return await new Sending(services, draft, (message) => progress.report({ message })).run(
          prompt.controller.signal,
          (answer) => {
            prompt.answer = answer.uri.toString();
          },
        );
      } finally {
        subscription.dispose();
        running.remove(prompt);
      }
    },
  );
}

class Sending {
  readonly #services: Services;
  readonly #draft: Draft;
  readonly #report: (message: string) => void;
  #opening: Promise<Answer> | undefined;
  #words = 0;
  #reportedAt = 0;
  #callId: string | null = null;
  #clampedOutput: number | null = null;
  /** Who answers, and why it is not the one that was picked. */
  #backend: Backend;
  #takeOver: string | null = null;

  constructor(services: Services, draft: Draft, report: (message: string) => void) {
    this.#services = services;
    this.#draft = draft;
    this.#report = report;
    this.#backend = draft.choice;
  }

  async run(signal: AbortSignal, onAnswer: (answer: Answer) => void): Promise<Sent> {
    // The providers' clients are large: they are loaded with the first prompt, not with VS Code.
    const { runWithFallback } = await import("../../prompts/runWithFallback.ts");
    try {
      const result = await runWithFallback(await this.#plan(), {
        signal,
        onTakeOver: (takeOver) => {
          this.#backend = takeOver.to;
          this.#takeOver = takeOverInWords(takeOver, vscode.l10n.t);
          this.#report(this.#takeOver);
          this.#services.log.warn(this.#takeOver);
        },
        onText: (text) => this.#onText(text, onAnswer),
        onRetry: (retry) => this.#report(retryInWords(retry)),
        onCallId: ({ callId, clampedOutput }) => {
          this.#callId = callId;
          this.#clampedOutput = clampedOutput;
        },
      });
      const trouble = result.text === "" ? vscode.l10n.t("The answer is empty.") : null;
      const cut = result.cutByLimit ? vscode.l10n.t("The answer ended at the output limit.") : null;
      await this.#finish(trouble ?? cut, onAnswer);
      return { kind: "done" };
    } catch (error) {
      return this.#fail(error, onAnswer);
    }
  }

  async #plan(): Promise<FallbackPlan> {
    const { choice, maxOutputTokens, excerpt } = this.#draft;
    const { provider, model, tier } = choice;
    const asker = await askerOf(this.#services, () => this.#services.sidecar.api(), caller());
    const plan = await asker.plan(
      { provider, model, byTier: tier !== undefined },
      {
        messages: [{ role: "user", text: questionText(this.#draft) }],
        maxOutputTokens,
        timeoutMs: this.#services.settings.current.timeoutMs,
        requestType: excerpt === null ? "ask" : "ask-selection",
      },
    );
    if (tier !== undefined && plan.switched !== null) {
      this.#backend = plan.wanted;
      this.#takeOver = vscode.l10n.t("{tier} goes to {backend}: the {budget} budget is spent to {share}.", {
        tier,
        backend: backendInWords(plan.wanted),
        budget: plan.switched.budget,
        share: formatPercent(plan.switched.share),
      });
    }
    return plan;
  }

  #onText(text: string, onAnswer: (answer: Answer) => void): void {
    void this.#answer(onAnswer).then((answer) => answer.append(text));
    this.#words += text.match(/\S+/g)?.length ?? 0;
    const now = Date.now();
    if (now - this.#reportedAt > PROGRESS_PAUSE_MS) {
      this.#reportedAt = now;
      const n = formatCount(this.#words);
      this.#report(this.#words === 1 ? vscode.l10n.t("1 word") : vscode.l10n.t("{n} words", { n }));
    }
  }

  /** The document opens with the first words: a call that is refused leaves nothing behind. */
  #answer(onAnswer: (answer: Answer) => void): Promise<Answer> {
    this.#opening ??= (async () => {
      const { provider, model } = this.#backend;
      const head = answerHead({ provider, model, prompt: this.#draft.prompt, takeOver: this.#takeOver });
      const answer = await this.#services.answers.open(model, head);
      onAnswer(answer);
      return answer;
    })();
    return this.#opening;
  }

  async #finish(trouble: string | null, onAnswer: (answer: Answer) => void): Promise<void> {
    const { log } = this.#services;
    const answer = await this.#answer(onAnswer);
    const call = await this.#bookedCall();
    const to = this.#clampedOutput;
    const clamped = to === null ? null : { from: this.#draft.maxOutputTokens, to };
    answer.append(answerFoot({ call, clamped, trouble }, vscode.l10n.t));
    answer.finish();
    log.info(`Call ${this.#callId ?? "without an id"} of ${this.#backend.model}: ${call?.status ?? "not booked yet"}`);
  }

  async #bookedCall(): Promise<Call | null> {
    if (this.#callId === null) {
      return null;
    }
    try {
      return await (await this.#services.sidecar.api()).call(this.#callId, BOOKING_LIMIT_MS);
    } catch (error) {
      this.#services.log.warn(`What the call ${this.#callId} cost could not be told: ${messageOf(error)}`);
      return null;
    }
  }

  async #fail(error: unknown, onAnswer: (answer: Answer) => void): Promise<Sent> {
    const { log } = this.#services;
    const kind = error instanceof PromptError ? error.kind : "failed";
    const message = messageOf(error);
    if (this.#opening !== undefined) {
      await this.#finish(kind === "cancelled" ? vscode.l10n.t("Cancelled.") : message, onAnswer);
    }
    if (kind === "cancelled") {
      log.info("A prompt was cancelled");
      return { kind: "cancelled" };
    }
    log.warn(`A prompt failed (${kind}): ${message}`);
    if (error instanceof PromptError && error.refusal !== null) {
      const { reason, budget, neededNanoUsd } = error.refusal;
      return { kind: "refused", message, reason, budget, neededNanoUsd };
    }
    return { kind: kind === "key-missing" || kind === "key-wrong" ? "key" : "failed", message };
  }
}

function retryInWords({ attempt, lastAttempt, delayMs, error }: RetryNotice): string {
  return vscode.l10n.t("{reason} Attempt {n} of {last} follows in {delay}.", {
    reason: error.message,
    n: attempt,
    last: lastAttempt,
    delay: formatDuration(delayMs),
  });
}
