import { type Backend, isSameBackend } from "../domain/backends/backendSettings.ts";
import type { Switch } from "../domain/backends/backendSwitch.ts";
import type { Budget } from "../domain/budget.ts";
import type { Config } from "../domain/config.ts";
import type { NewEvent } from "../domain/events.ts";

/**
 * What the journal keeps of a change of the configuration. `switches` are those of which more is known than what has
 * changed; absent: they are found by comparison.
 */
export function changesBetween(
  before: Config,
  after: Config,
  by: string,
  switches: readonly Switch[] = switchesBetween(before.backends, after.backends, by),
): NewEvent[] {
  const written = ({ prices, defaultPrice }: Config) => JSON.stringify([prices, defaultPrice]);
  return [
    ...differences(before.providers, after.providers).map(
      ([name, provider]): NewEvent => ({ type: "provider.changed", name, provider: provider ?? null, by }),
    ),
    ...differences(byName(before.budgets), byName(after.budgets)).map(
      ([name, budget]): NewEvent => ({ type: "budget.changed", name, budget: budget ?? null, by }),
    ),
    ...switches.map((switched): NewEvent => ({ type: "backend.switched", switched })),
    ...(written(before) === written(after) ? [] : [{ type: "price.changed", by } as const]),
  ];
}

/** What was switched by a change of the configuration itself, of which nobody says why. */
function switchesBetween(before: Config["backends"], after: Config["backends"], by: string): Switch[] {
  const switched = (tier: string | null, from: Backend | null, to: Backend | null): Switch[] =>
    from !== null && to !== null && isSameBackend(from, to) ? [] : [{ tier, from, to, by, why: null, checked: null }];
  const main = before.default === null && after.default === null ? [] : switched(null, before.default, after.default);
  const tiers = differences(before.tiers, after.tiers).flatMap(([tier, to]) =>
    switched(tier, Object.hasOwn(before.tiers, tier) ? (before.tiers[tier] ?? null) : null, to ?? null),
  );
  return [...main, ...tiers];
}

function byName(budgets: readonly Budget[]): Record<string, Budget> {
  return Object.fromEntries(budgets.map((budget) => [budget.name, budget]));
}

/** Entries that are new, changed, or gone (undefined). */
function differences<T>(
  before: Readonly<Record<string, T>>,
  after: Readonly<Record<string, T>>,
): Array<[string, T | undefined]> {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .map((name) => [name, after[name]]);
}
