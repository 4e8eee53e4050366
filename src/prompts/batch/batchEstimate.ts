import type { ApiClient } from "../../client/apiClient.ts";
import { estimatesOf } from "../../client/estimateBatch.ts";
import type { BudgetStatus } from "../../domain/api.ts";
import { backendInWords, isSameBackend } from "../../domain/backends/backendSettings.ts";
import { scopeMatches } from "../../domain/budget.ts";
import type { AskingCaller, Target } from "../asker.ts";

/** A prompt as far as it tells what it costs. */
export interface MeantPrompt {
  readonly target: Target;
  readonly maxOutputTokens: number;
  /** All of its text. */
  readonly text: string;
}

/** What the prompts of one backend come to. Amounts are nano-USD, null where no price is known. */
export interface BackendEstimate {
  readonly target: Target;
  readonly prompts: number;
  readonly expectedNanoUsd: number | null;
  /** With the longest answers that they allow. */
  readonly worstCaseNanoUsd: number | null;
  /** Prompts that leave no room for an answer. */
  readonly promptsTooLong: number;
}

/** A hard budget that a batch may not fit into. Amounts are nano-USD, of the prompts that it covers. */
export interface Shortage {
  readonly budget: string;
  readonly leftNanoUsd: number;
  readonly expectedNanoUsd: number;
  readonly worstCaseNanoUsd: number;
}

export interface BatchEstimate {
  readonly backends: readonly BackendEstimate[];
  /** A budget that has less left than is expected to be spent; null where there is none. */
  readonly tooDear: Shortage | null;
  /** A budget that has less left than can be spent, where none is too tight for what is expected. */
  readonly tight: Shortage | null;
}

/** Estimates a batch before it costs anything. */
export async function estimateBatch(
  api: ApiClient,
  caller: AskingCaller,
  meant: readonly MeantPrompt[],
): Promise<BatchEstimate> {
  const backends = await backendsOf(api, caller, meant);
  const { budgets } = await api.status();
  const short = budgets
    .filter(({ hard, paused }) => hard && !paused)
    .map((budget) => shortageOf(budget, backends, caller))
    .filter(({ worstCaseNanoUsd, leftNanoUsd }) => worstCaseNanoUsd > leftNanoUsd);
  const tooDear = short.find(({ expectedNanoUsd, leftNanoUsd }) => expectedNanoUsd > leftNanoUsd) ?? null;
  return { backends, tooDear, tight: tooDear === null ? (short[0] ?? null) : null };
}

async function backendsOf(
  api: ApiClient,
  caller: AskingCaller,
  meant: readonly MeantPrompt[],
): Promise<BackendEstimate[]> {
  const estimates: BackendEstimate[] = [];
  // An estimate is of one model and one output limit.
  const parts = new Map<string, MeantPrompt[]>();
  for (const one of meant) {
    const name = `${backendInWords(one.target)} ${one.maxOutputTokens}`;
    const part = parts.get(name) ?? [];
    part.push(one);
    parts.set(name, part);
  }
  for (const part of parts.values()) {
    const [{ target, maxOutputTokens }] = part as [MeantPrompt, ...MeantPrompt[]];
    const { provider, model } = target;
    const request = { models: [{ provider, model }], maxOutputTokens, caller: { ...caller, tags: caller.tags ?? [] } };
    const texts = part.map(({ text }) => text);
    const [found] = (await estimatesOf(api, request, texts)).estimates;
    const estimate: BackendEstimate = {
      target,
      prompts: part.length,
      expectedNanoUsd: found?.expectedNanoUsd ?? null,
      worstCaseNanoUsd: found?.worstCaseNanoUsd ?? null,
      promptsTooLong: found?.promptsTooLong ?? 0,
    };
    const at = estimates.findIndex((other) => isSameBackend(other.target, target));
    const before = estimates[at];
    estimates.splice(
      before === undefined ? estimates.length : at,
      before === undefined ? 0 : 1,
      added(before, estimate),
    );
  }
  return estimates;
}

function added(a: BackendEstimate | undefined, b: BackendEstimate): BackendEstimate {
  const sum = (x: number | null, y: number | null) => (x === null || y === null ? null : x + y);
  return a === undefined
    ? b
    : {
        target: a.target,
        prompts: a.prompts + b.prompts,
        expectedNanoUsd: sum(a.expectedNanoUsd, b.expectedNanoUsd),
        worstCaseNanoUsd: sum(a.worstCaseNanoUsd, b.worstCaseNanoUsd),
        promptsTooLong: a.promptsTooLong + b.promptsTooLong,
      };
}

function shortageOf(
  { name, scope, leftNanoUsd }: BudgetStatus,
  backends: readonly BackendEstimate[],
  caller: AskingCaller,
): Shortage {
  const covered = backends.filter(({ target }) =>
    scopeMatches(scope, { ...caller, ...target, tags: caller.tags ?? [] }),
  );
  const sum = (amount: (one: BackendEstimate) => number | null) =>
    covered.reduce((all, one) => all + (amount(one) ?? 0), 0);
  return {
    budget: name,
    leftNanoUsd,
    expectedNanoUsd: sum((one) => one.expectedNanoUsd),
    worstCaseNanoUsd: sum((one) => one.worstCaseNanoUsd),
  };
}
