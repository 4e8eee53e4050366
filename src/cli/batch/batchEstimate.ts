import type { ApiClient } from "../../client/apiClient.ts";
import type { BudgetStatus, PassRequest } from "../../domain/api.ts";
import { backendInWords, isSameBackend } from "../../domain/backends/backendSettings.ts";
import { scopeMatches } from "../../domain/budget.ts";
import { formatCount } from "../../domain/formats.ts";
import { formatUsd } from "../../domain/money.ts";
import type { Target } from "../asker.ts";
import { estimatesOf } from "../estimateBatch.ts";

/** Prompts as they will be sent. */
export interface Meant {
  readonly target: Target;
  readonly maxOutputTokens: number;
  readonly text: string;
}

/** What prompts of one backend come to. Amounts in nano-USD, null where no price is known. */
interface Group {
  readonly target: Target;
  readonly prompts: number;
  readonly expected: number | null;
  readonly worst: number | null;
  readonly tooLong: number;
}

/** What a batch will come to, in words, and how that stands to the budgets it falls under. */
export interface BatchEstimate {
  readonly lines: readonly string[];
  /** A hard budget that it is expected to spend, in words; null where there is none. */
  readonly tooDear: string | null;
}

/** Estimates a batch before it costs anything. */
export async function estimateOf(api: ApiClient, caller: PassRequest, meant: readonly Meant[]): Promise<BatchEstimate> {
  const groups = await groupsOf(api, caller, meant);
  const { budgets } = await api.status();
  const hard = budgets.filter((budget) => budget.hard && !budget.paused);
  const short = hard.flatMap((budget) => shortageOf(budget, groups, caller));
  const dearest = short.find(({ isExpected }) => isExpected);
  return {
    lines: [...groups.flatMap(linesOf), ...(dearest === undefined ? short.slice(0, 1).map(({ words }) => words) : [])],
    tooDear: dearest?.words ?? null,
  };
}

async function groupsOf(api: ApiClient, caller: PassRequest, meant: readonly Meant[]): Promise<Group[]> {
  const parts = new Map<string, Meant[]>();
  for (const one of meant) {
    const key = `${backendInWords(one.target)} ${one.maxOutputTokens}`;
    parts.set(key, [...(parts.get(key) ?? []), one]);
  }
  const groups: Group[] = [];
  for (const part of parts.values()) {
    const [{ target, maxOutputTokens }] = part as [Meant, ...Meant[]];
    const { provider, model } = target;
    const request = { models: [{ provider, model }], maxOutputTokens, caller };
    const { estimates } = await estimatesOf(
      api,
      request,
      part.map(({ text }) => text),
    );
    const [found] = estimates;
    const group: Group = {
      target,
      prompts: part.length,
      expected: found?.expectedNanoUsd ?? null,
      worst: found?.worstCaseNanoUsd ?? null,
      tooLong: found?.promptsTooLong ?? 0,
    };
    const at = groups.findIndex((other) => isSameBackend(other.target, target));
    groups.splice(at < 0 ? groups.length : at, at < 0 ? 0 : 1, at < 0 ? group : added(groups[at] as Group, group));
  }
  return groups;
}

function added(a: Group, b: Group): Group {
  const sum = (x: number | null, y: number | null) => (x === null || y === null ? null : x + y);
  return {
    target: a.target,
    prompts: a.prompts + b.prompts,
    expected: sum(a.expected, b.expected),
    worst: sum(a.worst, b.worst),
    tooLong: a.tooLong + b.tooLong,
  };
}

function linesOf({ target, prompts, expected, worst, tooLong }: Group): string[] {
  const many = prompts === 1 ? "1 prompt" : `${formatCount(prompts)} prompts`;
  const cost =
    expected === null || worst === null
      ? "no price is known"
      : `about ${formatUsd(expected)}, at most ${formatUsd(worst)}`;
  const long = tooLong === 0 ? [] : [`${formatCount(tooLong)} of them are too long for the context of ${target.model}`];
  return [`${many} for ${backendInWords(target)}: ${cost}`, ...long];
}

interface Shortage {
  readonly isExpected: boolean;
  readonly words: string;
}

function shortageOf(
  { name, scope, leftNanoUsd }: BudgetStatus,
  groups: readonly Group[],
  caller: PassRequest,
): Shortage[] {
  const covered = groups.filter(({ target }) => scopeMatches(scope, { ...caller, ...target, tags: caller.tags }));
  const sum = (amount: (group: Group) => number | null) => covered.reduce((all, one) => all + (amount(one) ?? 0), 0);
  const expected = sum((group) => group.expected);
  const worst = sum((group) => group.worst);
  if (worst <= leftNanoUsd) {
    return [];
  }
  const isExpected = expected > leftNanoUsd;
  const left = `the budget ${name} has ${formatUsd(leftNanoUsd)} left`;
  const words = isExpected
    ? `it is expected to cost ${formatUsd(expected)}, and ${left}`
    : `it can come to ${formatUsd(worst)}, and ${left}: there it would stop`;
  return [{ isExpected, words }];
}
