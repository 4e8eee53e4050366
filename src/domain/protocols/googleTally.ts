import { billsSearchByPrompt } from "../prices/searchFees.ts";
import { NOTHING_READ, type Reading, type RequestFacts } from "../protocol.ts";
import { NO_USAGE, type Usage } from "../usage.ts";
import { bareModel } from "./googlePath.ts";
import type { GoogleShape } from "./googleShape.ts";
import { countsOf, type GoogleCounts, googleErrorOf, writtenIn } from "./googleUsage.ts";
import { isObject, type JsonObject, listOf, objectOf, textOf } from "./jsonValue.ts";
import { estimatedInput, estimatedTokens } from "./promptSize.ts";

/** What earlier rounds of one answer took, in which tools of Google's own were called. */
interface Rounds {
  readonly input: number;
  readonly output: number;
  readonly thoughts: number;
}

const NO_ROUNDS: Rounds = Object.freeze({ input: 0, output: 0, thoughts: 0 });

/**
 * Adds an answer up, chunk by chunk or the whole at once. Each chunk repeats the counts, and the last one holds. Where
 * Google runs tools, the counts begin anew with each round, and only the last chunk sums the rounds up: until then they
 * are added here.
 */
export class GoogleTally {
  readonly #facts: RequestFacts;
  #counts: GoogleCounts | null = null;
  #earlier = NO_ROUNDS;
  /** Bytes that no report has covered yet. */
  #saidBytes = 0;
  #thoughtBytes = 0;
  #model: string | null = null;
  #errorType: string | null = null;
  #answering = false;
  #blocked = false;
  /** Whether each candidate has come to its end, by its index. */
  readonly #finished = new Map<unknown, boolean>();
  readonly #queries = new Set<unknown>();
  #usedMaps = false;
  /** The shape of the latest chunk, where it was known: chunks of the same shape tell the same but for texts and counts. */
  #latest: GoogleShape | null = null;

  constructor(facts: RequestFacts) {
    this.#facts = facts;
  }

  get answering(): boolean {
    return this.#answering;
  }

  /** Whether every candidate has come to its end, as far as the latest chunks say. */
  get finished(): boolean {
    const ends = [...this.#finished.values()];
    return this.#blocked || (ends.length >= this.#facts.choices && ends.every((end) => end));
  }

  get outputAtLeast(): number {
    return outputOf(this.#counts) + this.#earlier.output + Math.floor((this.#saidBytes + this.#thoughtBytes) / 10);
  }

  take(chunk: JsonObject): void {
    this.#latest = null;
    this.#note(chunk);
    const { said, thoughts } = writtenIn(chunk);
    this.#add(said, thoughts, chunk.usageMetadata);
  }

  /** Takes in the chunk that has just been found to be of this shape. */
  takeAlike(shape: GoogleShape): void {
    if (this.#latest !== shape) {
      this.#latest = shape;
      this.#note(shape.chunk);
    }
    this.#add(shape.said, shape.thoughts, shape.usage);
  }

  /** Takes in what a chunk says beside its text and its counts. */
  #note(chunk: JsonObject): void {
    this.#model = bareModel(textOf(chunk.modelVersion) ?? "") || this.#model;
    this.#errorType ??= googleErrorOf(chunk);
    this.#blocked ||= textOf(objectOf(chunk.promptFeedback).blockReason) !== null;
    for (const candidate of listOf(chunk.candidates).map(objectOf)) {
      this.#finished.set(candidate.index ?? 0, textOf(candidate.finishReason) !== null);
      this.#noteSearches(objectOf(candidate.groundingMetadata));
    }
  }

  #add(said: number, thoughts: number, usage: unknown): void {
    this.#answering ||= said + thoughts > 0;
    this.#saidBytes += said;
    this.#thoughtBytes += thoughts;
    const counts = countsOf(usage);
    if (counts !== null) {
      this.#report(counts);
    }
  }

  /** `isWhole` says that the answer has come to its end. */
  reading(isWhole: boolean): Reading {
    const counts = this.#counts;
    const failed = this.#errorType !== null && counts === null && !this.#answering;
    const reading = {
      ...NOTHING_READ,
      model: this.#model,
      serviceTier: counts?.tier ?? null,
      errorType: this.#errorType,
    };
    if (failed) {
      return reading;
    }
    const isLast = isWhole && outputOf(counts) >= this.#earlier.output;
    const earlier = isLast ? NO_ROUNDS : this.#earlier;
    const uncovered = estimatedTokens(this.#saidBytes) + estimatedTokens(this.#thoughtBytes);
    const input = counts?.input ?? null;
    const usage: Usage = {
      ...NO_USAGE,
      inputTokens: input === null ? estimatedInput(this.#facts) : earlier.input + input,
      cachedInputTokens: counts?.cached ?? 0,
      outputTokens: earlier.output + outputOf(counts) + uncovered,
      reasoningTokens: earlier.thoughts + (counts?.thoughts ?? 0) + estimatedTokens(this.#thoughtBytes),
      audioInputTokens: Math.max(0, (counts?.audioInput ?? 0) - (counts?.cachedAudio ?? 0)),
      audioOutputTokens: counts?.audioOutput ?? 0,
      webSearches: this.#searches(isWhole),
    };
    const isReported = input !== null && uncovered === 0 && earlier === NO_ROUNDS;
    return { ...reading, usage, basis: isReported ? "reported" : "estimated" };
  }

  #report(counts: GoogleCounts): void {
    const before = this.#counts;
    if (before !== null && this.#facts.members.has("tools") && outputOf(counts) < outputOf(before)) {
      this.#earlier = {
        input: this.#earlier.input + (before.input ?? 0),
        output: this.#earlier.output + outputOf(before),
        thoughts: this.#earlier.thoughts + (before.thoughts ?? 0),
      };
    }
    if (counts.said !== null) {
      this.#saidBytes = 0;
    }
    if (counts.thoughts !== null) {
      this.#thoughtBytes = 0;
    }
    const input = counts.input ?? before?.input ?? null;
    const tier = counts.tier ?? before?.tier ?? null;
    this.#counts = counts.input === input && counts.tier === tier ? counts : { ...counts, input, tier };
  }

  #noteSearches(grounding: JsonObject): void {
    for (const query of [...listOf(grounding.webSearchQueries), ...listOf(grounding.imageSearchQueries)]) {
      if (query !== "") {
        this.#queries.add(query);
      }
    }
    this.#usedMaps ||= listOf(grounding.groundingChunks).some((chunk) => isObject(objectOf(chunk).maps));
  }

  /** As Google bills them. What was searched stands in the last chunk: where that has not come, one search is likely. */
  #searches(isWhole: boolean): number {
    const seen = this.#queries.size > 0 ? this.#queries.size : this.#usedMaps ? 1 : 0;
    if (seen === 0 && !isWhole) {
      return Math.min(1, this.#facts.webSearchBound);
    }
    return billsSearchByPrompt(this.#facts.model) ? Math.min(1, seen) : seen;
  }
}

function outputOf(counts: GoogleCounts | null): number {
  return (counts?.said ?? 0) + (counts?.thoughts ?? 0);
}
