import { type Attribution, type Scope, scopeMatches } from "../../domain/budget.ts";
import type { NanoUsd } from "../../domain/money.ts";
import type { Books, Range } from "../books.ts";
import type { CallKey } from "../callKeys.ts";
import { wholeNumber } from "../database.ts";
import { accruedByProvider } from "./compute.ts";
import { sumBy } from "./rangeSums.ts";

export interface Spend {
  readonly costNanoUsd: NanoUsd;
  /** Calls that were let through. */
  readonly calls: number;
}

/** What a budget's scope covers of the calls that started in a range and of the compute hours charged in it. */
export function spentIn(books: Books, scope: Scope, range: Range): NanoUsd {
  let spent = 0;
  for (const [id, { cost_nano_usd }] of sumBy(books, range, "key_id", ["cost_nano_usd"])) {
    if (cost_nano_usd !== 0 && covers(scope, books.keys.key(id))) {
      spent += cost_nano_usd;
    }
  }
  for (const [provider, costNanoUsd] of accruedByProvider(books, range)) {
    if (scopeMatches(scope, { provider, model: "", tags: [] })) {
      spent += costNanoUsd;
    }
  }
  return wholeNumber(spent);
}

/**
 * The gate looks at the model that is asked for, the books also know which one served (`gpt-5` and `gpt-5-2026-08-01`): a
 * scope that names either covers the call, so that no budget forgets what it was charged.
 */
function covers(scope: Scope, key: CallKey): boolean {
  const asked: Attribution = { ...key, model: key.requestedModel };
  return scopeMatches(scope, asked) || scopeMatches(scope, key);
}

/** Everything spent in a range, compute hours included. */
export function totals(books: Books, range: Range): Spend {
  let costNanoUsd = 0;
  let calls = 0;
  for (const figures of sumBy(books, range, "all", ["cost_nano_usd", "calls"]).values()) {
    costNanoUsd += figures.cost_nano_usd;
    calls += figures.calls;
  }
  for (const cost of accruedByProvider(books, range).values()) {
    costNanoUsd += cost;
  }
  return { costNanoUsd: wholeNumber(costNanoUsd), calls };
}

/** Spend of periods that follow each other, by their starts, ascending; the last one has no end. */
export function spendByPeriod(books: Books, starts: readonly number[]): Spend[] {
  return starts.map((from, index) => totals(books, { from, to: starts[index + 1] ?? null }));
}

/** What a model's calls came to. `unpricedCalls` did not fail and count as nothing in the cost. */
export interface ModelSpend extends Spend {
  readonly provider: string;
  readonly model: string;
  readonly unpricedCalls: number;
}

/** Every model that was called in a range, the dearest first. */
export function spendByModel(books: Books, range: Range): ModelSpend[] {
  const models = new Map<string, ModelSpend>();
  for (const [id, sums] of sumBy(books, range, "key_id", ["cost_nano_usd", "calls", "errors", "unpriced"])) {
    const { provider, model } = books.keys.key(id);
    const name = `${provider} ${model}`;
    const before = models.get(name) ?? { costNanoUsd: 0, calls: 0, unpricedCalls: 0 };
    models.set(name, {
      provider,
      model,
      costNanoUsd: wholeNumber(before.costNanoUsd + sums.cost_nano_usd),
      calls: before.calls + sums.calls,
      unpricedCalls: before.unpricedCalls + Math.max(0, sums.unpriced - sums.errors),
    });
  }
  return [...models.values()]
    .filter(({ calls }) => calls > 0)
    .sort((a, b) => b.costNanoUsd - a.costNanoUsd || b.calls - a.calls || (a.model < b.model ? -1 : 1));
}
