import { CachedInput } from "../domain/cachedInput.ts";
import type { Call } from "../domain/call.ts";
import { EstimateErrors } from "../domain/estimateErrors.ts";
import { TokenMargin } from "../domain/tokenMargin.ts";
import { UsualOutput } from "../domain/usualOutput.ts";
import type { BookReader } from "../ledger/bookReader.ts";
import type { Lesson } from "../ledger/queries/lessons.ts";
import type { TokenCounter } from "./tokens/tokenCounter.ts";

/** Calls that teach at start, and how far back they may lie. */
const CALLS_TO_LEARN_FROM = 1_000;
const DAYS_TO_LEARN_FROM = 35;

/** The request of a call as it was read. */
export interface SeenRequest {
  readonly body: Buffer;
  /** Bytes of its text, and answers asked for at once. */
  readonly promptBytes: number;
  readonly choices: number;
  readonly hasMedia: boolean;
  /** What the tokenizer took it for; null where it was not asked. */
  readonly counted: number | null;
  /** Whether nothing but the request is billed as input. */
  readonly isPromptAlone: boolean;
}

/**
 * What calls have taught: how long answers are, how many tokens prompts, how much of them comes from caches, and how far
 * estimates were from real costs.
 */
export class Learned {
  readonly usual = new UsualOutput();
  readonly margin = new TokenMargin();
  readonly cached = new CachedInput();
  readonly errors = new EstimateErrors();
  readonly #tokenCounter: TokenCounter;

  constructor(tokenCounter: TokenCounter) {
    this.#tokenCounter = tokenCounter;
  }

  /** Learns again what the ledger's last calls taught. Prompts are not in it. */
  learnFrom(books: Pick<BookReader, "lessons">, now: number): void {
    for (const lesson of books.lessons(now - DAYS_TO_LEARN_FROM * 86_400_000, CALLS_TO_LEARN_FROM)) {
      this.#observeBooked(lesson, 1);
    }
  }

  /** A call has come to its end, and all of its work with it. */
  observe(call: Call, { body, promptBytes, choices, hasMedia, counted, isPromptAlone }: SeenRequest): void {
    if (call.status === "ok") {
      this.#observeBooked(call, choices);
    }
    if (call.usageBasis !== "reported" || !isPromptAlone) {
      return;
    }
    const { requestedModel: model } = call;
    const { inputTokens } = call.usage;
    this.margin.observeBytes(model, promptBytes, inputTokens);
    if (counted !== null) {
      this.margin.observe(model, counted, inputTokens);
    } else if (!hasMedia && this.#tokenCounter.isLoaded && this.margin.isGuessed(model)) {
      void this.#tokenCounter.count(body).then((tokens) => this.margin.observe(model, tokens ?? 0, inputTokens));
    }
  }

  /** Under the name that was asked for, by which estimates are made, and the one that served, by which books are kept. */
  #observeBooked(call: Lesson, choices: number): void {
    const { provider, usage, expectedNanoUsd, costNanoUsd } = call;
    for (const model of new Set([call.requestedModel, call.model])) {
      this.usual.observe(provider, model, Math.ceil(usage.outputTokens / choices));
      if (call.usageBasis === "reported") {
        this.cached.observe(provider, model, call.tool, usage);
      }
      if (call.usageBasis === "reported" && expectedNanoUsd !== undefined) {
        this.errors.observe(provider, model, expectedNanoUsd, costNanoUsd);
      }
    }
  }
}
