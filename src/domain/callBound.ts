import { type NanoUsd, nanoFromTokens } from "./money.ts";
import { dearestInputRate, dearestOutputRate, type Rates } from "./rates.ts";

/** No call costs more than this says: what a hard budget holds before it leaves. */
export interface CallBound {
  /** Input and tool fees, in nano-USD. */
  readonly fixedNanoUsd: NanoUsd;
  /** Pico-USD for one output token of one answer. */
  readonly outputRate: number;
  /** Answers asked for at once. */
  readonly choices: number;
  /** Output tokens that each answer may take. */
  readonly outputLimitTokens: number;
  /** What answers of this model usually take at most, in tokens. */
  readonly usualOutputTokens: number;
  /** Whether the protocol can lower the output limit. */
  readonly clampable: boolean;
}

/** What is known of a call before it leaves. `rates` are the dearest that can apply. */
export interface BoundInput {
  readonly rates: Rates;
  readonly inputBoundTokens: number;
  readonly webSearchBound: number;
  /** What tools cost at most beside tokens and web searches; absent: nothing. */
  readonly toolFeesNanoUsd?: NanoUsd;
  readonly choices: number;
  readonly outputLimitTokens: number;
  readonly usualOutputTokens: number;
  readonly clampable: boolean;
}

/** Input bound × the dearest input rate + tool fees, and the dearest output rate for what follows. */
export function callBound(input: BoundInput): CallBound {
  const fixed = nanoFromTokens([[input.inputBoundTokens, dearestInputRate(input.rates)]]);
  return {
    fixedNanoUsd: fixed + input.webSearchBound * input.rates.webSearchNanoUsd + (input.toolFeesNanoUsd ?? 0),
    outputRate: dearestOutputRate(input.rates),
    choices: Math.max(1, input.choices),
    outputLimitTokens: input.outputLimitTokens,
    usualOutputTokens: input.usualOutputTokens,
    clampable: input.clampable,
  };
}

/** The worst case in nano-USD with a given output limit for each answer. */
export function worstCaseOf(bound: CallBound, outputTokens: number): NanoUsd {
  return bound.fixedNanoUsd + nanoFromTokens([[outputTokens * bound.choices, bound.outputRate]]);
}

/** The most output tokens, for each answer, whose worst case is within an amount: 0 to the call's own limit. */
export function outputTokensFor(bound: CallBound, nano: NanoUsd): number {
  const forOutput = nano - bound.fixedNanoUsd;
  if (forOutput < 0) {
    return 0;
  }
  const perToken = bound.outputRate * bound.choices;
  if (perToken === 0) {
    return bound.outputLimitTokens;
  }
  return Math.min(bound.outputLimitTokens, Math.floor((forOutput * 1_000) / perToken));
}
