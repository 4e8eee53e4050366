import * as vscode from "vscode";
import type { ProviderInfo } from "../../domain/api.ts";
import { type Backend, backendInWords } from "../../domain/backends/backendSettings.ts";
import { fallbackOrder } from "../../domain/backends/fallbackOrder.ts";
import type { Call } from "../../domain/call.ts";
import { providerSchema } from "../../domain/config.ts";
import { formatCount, formatDuration, formatPercent } from "../../domain/formats.ts";
import { PromptError } from "../../prompts/promptError.ts";
import type { PromptRequest } from "../../prompts/promptRequest.ts";
import type { RetryNotice } from "../../prompts/runPrompt.ts";
import type { FallbackPlan } from "../../prompts/runWithFallback.ts";
import { takeOverInWords } from "../backends/backendWords.ts";
import { messageOf } from "../contribution.ts";
import { keyIsOptional } from "../keys/apiKeys.ts";
import type { Services } from "../services.ts";
import type { Answer } from "./answerDocuments.ts";
import { answerFoot, answerHead } from "./answerText.ts";
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
    const { sidecar, log } = this.#services;
    const { provider, model, tier } = this.#draft.choice;
    const api = await sidecar.api();
    const route = tier === undefined ? null : await api.backends.route({ provider, model, caller: caller() });
    const isUsable = route !== null && (await this.#isUsable(route.backend.provider));
    const switched = isUsable ? route.standsInFor : null;
    const wanted = route === null || switched === null ? { provider, model } : route.backend;
    if (tier !== undefined && switched !== null) {
      this.#backend = wanted;
      this.#takeOver = vscode.l10n.t("{tier} goes to {backend}: the {budget} budget is spent to {share}.", {
        tier,
        backend: backendInWords(wanted),
        budget: switched.budget ?? "",
        share: formatPercent(route?.share ?? 0),
      });
    }
    const [{ fallback, cooling }, providers] = await Promise.all([api.backends.view(), api.providers()]);
    const known = fallback.filter((backend) => providers.some(({ name }) => name === backend.provider));
    return {
      wanted,
      order: fallbackOrder(wanted, known, cooling, Date.now()),
      requestFor: async (backend) => ({
        ...(await this.#request(backend)),
        ...(switched === null ? {} : { standsInFor: switched }),
      }),
      failed: (backend, error) => {
        const tell = async () =>
          (await sidecar.api()).backends.failed({ ...backend, why: error.message.slice(0, 1_000) });
        tell().catch((cause: unknown) => log.warn(`That ${backend.model} failed was not noted: ${messageOf(cause)}`));
      },
    };
  }

  async #request({ provider, model }: Backend): Promise<PromptRequest> {
    const { sidecar, keys, settings } = this.#services;
    const { maxOutputTokens } = this.#draft;
    const info = await this.#provider(provider);
    const key = await keys.find(provider);
    return {
      provider,
      protocol: providerSchema.shape.protocol.parse(info.protocol),
      model,
      // Asked anew for every attempt: a sidecar that went away is started again, and may have another address.
      baseUrl: async () => {
        const api = await sidecar.api();
        const { urls } = await api.pass(caller());
        const url = urls[provider];
        if (url === undefined) {
          throw new Error(vscode.l10n.t("There is no provider named {provider}.", { provider }));
        }
        return url;
      },
      key: key?.key ?? null,
      keyRequired: !keyIsOptional(info),
      messages: [{ role: "user", text: questionText(this.#draft) }],
      maxOutputTokens,
      timeoutMs: settings.current.timeoutMs,
      requestType: this.#draft.excerpt === null ? "ask" : "ask-selection",
    };
  }

  /** Whether a provider can be asked: its key is at hand, or it needs none. */
  async #isUsable(provider: string): Promise<boolean> {
    return (await this.#services.keys.find(provider)) !== undefined || keyIsOptional(await this.#provider(provider));
  }

  async #provider(provider: string): Promise<ProviderInfo> {
    const api = await this.#services.sidecar.api();
    const info = (await api.providers()).find(({ name }) => name === provider);
    if (info === undefined) {
      throw new Error(vscode.l10n.t("There is no provider named {provider}.", { provider }));
    }
    return info;
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
