import { type Backend, isSameBackend, tierOf } from "../../domain/backends/backendSettings.ts";
import type { Attribution } from "../../domain/budget.ts";
import type { Config } from "../../domain/config.ts";
import type { Gate } from "../../domain/gate.ts";
import { ModelRegistry } from "../../domain/models/registry.ts";
import type { PriceBook } from "../../domain/priceBook.ts";

/** Where a call goes instead, and the budget that says so. */
export interface BudgetSwitch {
  readonly backend: Backend;
  readonly budget: string;
  /** Whether the rule names a family alone, so that this model was chosen among those that have a price. */
  readonly isGuess: boolean;
  /** How much of it is spent, as a share of its limit. */
  readonly share: number;
}

export interface BudgetSwitchesOptions {
  readonly gate: Gate;
  readonly config: () => Config;
  readonly prices: () => PriceBook;
}

/** Budgets that send calls to a cheaper model once so much of them is spent. */
export class BudgetSwitches {
  readonly #options: BudgetSwitchesOptions;
  #meanings: { readonly prices: PriceBook; readonly found: Map<string, Backend | null> } | null = null;

  constructor(options: BudgetSwitchesOptions) {
    this.#options = options;
  }

  /** Whether any budget does: else nothing needs to be asked. */
  get any(): boolean {
    return this.#options.config().budgets.some(({ switchTo }) => switchTo !== undefined);
  }

  /**
   * Where a call goes by the first budget that covers it and is spent so far; null where it goes where it was sent. What
   * costs nothing by the call stays where it is. `now` is ms since the epoch.
   */
  for(call: Attribution, now: number): BudgetSwitch | null {
    const { gate, config } = this.#options;
    const { providers } = config();
    const pricing = Object.hasOwn(providers, call.provider) ? providers[call.provider]?.pricing.kind : undefined;
    if (pricing === "free" || pricing === "compute-hour") {
      return null;
    }
    for (const account of gate.accountsFor(call, now)) {
      const { budget, spentNanoUsd, limitNanoUsd } = account;
      const { switchTo } = budget;
      if (switchTo !== undefined && account.isSwitching) {
        const known = this.#known(switchTo.to);
        const backend = known ?? this.#guess(switchTo.to as string, call.provider, now);
        if (backend !== null && !isSameBackend(backend, call) && Object.hasOwn(providers, backend.provider)) {
          const share = limitNanoUsd === 0 ? 1 : spentNanoUsd / limitNanoUsd;
          return { backend, budget: budget.name, isGuess: known === undefined, share };
        }
      }
    }
    return null;
  }

  /** The backend that the rule names, or that its tier was set to. */
  #known(to: string | Backend): Backend | undefined {
    return typeof to === "string" ? tierOf(this.#options.config().backends, to) : to;
  }

  /** A usual tier is the newest model of its family, at the call's own provider where that has one. */
  #guess(to: string, provider: string, now: number): Backend | null {
    const { config, prices } = this.#options;
    const { providers } = config();
    if (this.#meanings?.prices !== prices()) {
      this.#meanings = { prices: prices(), found: new Map() };
    }
    const key = `${provider} ${to}`;
    let backend = this.#meanings.found.get(key);
    if (backend === undefined) {
      const registry = new ModelRegistry({ providers, prices: prices(), served: new Map(), now });
      const model = (registry.find(to, provider) ?? registry.find(to))?.models[0];
      backend = model === undefined ? null : { provider: model.provider, model: model.model };
      this.#meanings.found.set(key, backend);
    }
    return backend;
  }
}
