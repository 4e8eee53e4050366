import type { PassRequest, PassResponse, ProviderHealth, ProviderInfo } from "../domain/api.ts";
import type { Budget } from "../domain/budget.ts";
import type { Config } from "../domain/config.ts";
import type { ServedModel } from "../domain/models/registry.ts";
import { PriceBook } from "../domain/priceBook.ts";
import { HttpError } from "./api/http.ts";
import type { ConfigStore } from "./configStore.ts";
import type { Gatekeeper } from "./gatekeeper.ts";
import { ModelLists } from "./modelLists.ts";
import type { Passes } from "./passes.ts";
import { askHealth, askReachable } from "./providerHealth.ts";

const HEALTH_LIMIT_MS = 5_000;

export interface SettingsOptions {
  readonly store: ConfigStore;
  readonly passes: Passes;
  readonly gatekeeper: Gatekeeper;
  readonly now: () => number;
  readonly url: () => string;
}

/** The configuration in force, and what follows when it changes: the gate's budgets, the price book, the journal. */
export class Settings {
  readonly #options: SettingsOptions;
  readonly #modelLists: ModelLists;
  #prices: PriceBook;

  constructor(options: SettingsOptions) {
    this.#options = options;
    this.#modelLists = new ModelLists(options.now);
    this.#prices = priceBookOf(options.store.config);
  }

  get config(): Config {
    return this.#options.store.config;
  }

  get prices(): PriceBook {
    return this.#prices;
  }

  /** @throws ConfigError; then nothing has changed. */
  async patch(changes: unknown, by: string): Promise<Config> {
    const before = this.config;
    const after = this.#options.store.patch(changes);
    await this.#changed(before, after, by);
    return after;
  }

  /** @throws ConfigError; then nothing has changed. */
  async setBudget(input: unknown, by: string): Promise<Budget> {
    const before = this.config;
    const budget = this.#options.store.setBudget(input);
    await this.#changed(before, this.config, by);
    return budget;
  }

  async removeBudget(name: string, by: string): Promise<boolean> {
    const before = this.config;
    const removed = this.#options.store.removeBudget(name);
    if (removed) {
      await this.#changed(before, this.config, by);
    }
    return removed;
  }

  /** Where no price list names a provider's models, the server is asked for them. */
  providerInfos(): Promise<ProviderInfo[]> {
    return Promise.all(
      Object.entries(this.config.providers).map(async ([name, provider]) => {
        const { protocol, baseUrl, pricing } = provider;
        const priced = this.#prices.models(name);
        const models = priced.length > 0 ? priced : (await this.#modelLists.of(provider)).map(({ id }) => id);
        return { name, protocol, baseUrl, pricing: pricing.kind, models };
      }),
    );
  }

  /**
   * What the providers' own servers list, by provider. Those whose models the catalogue prices want a key before they tell
   * anything, and are not asked.
   */
  async servedModels(): Promise<ReadonlyMap<string, readonly ServedModel[]>> {
    const asked = Object.entries(this.config.providers).filter(
      ([name, { pricing }]) => pricing.kind !== "catalog" || this.#prices.models(name).length === 0,
    );
    return new Map(await Promise.all(asked.map(async ([name, at]) => [name, await this.#modelLists.of(at)] as const)));
  }

  /** @throws HttpError where no such provider is configured. */
  async providerHealth(name: string): Promise<ProviderHealth> {
    const provider = Object.hasOwn(this.config.providers, name) ? this.config.providers[name] : undefined;
    if (provider === undefined) {
      throw new HttpError(404, "not_found", `No provider is named ${name}`);
    }
    const ask = provider.pricing.kind === "compute-hour" ? askHealth : askReachable;
    return { name, ...(await ask(provider, HEALTH_LIMIT_MS)) };
  }

  /** Makes or finds a caller's pass, and the base URLs that carry it. */
  pass(caller: PassRequest): PassResponse {
    const pass = this.#options.passes.passFor(caller, this.#options.now());
    const urls = Object.entries(this.config.providers).map(([name, { baseUrl }]) => {
      const ending = /\/v\d+[a-z]*\/?$/.exec(new URL(baseUrl).pathname)?.[0].replace(/\/$/, "") ?? "";
      return [name, `${this.#options.url()}/p/${pass}/${name}${ending}`] as const;
    });
    return { pass, urls: Object.fromEntries(urls) };
  }

  async #changed(before: Config, after: Config, by: string): Promise<void> {
    const { gatekeeper } = this.#options;
    this.#prices = priceBookOf(after);
    gatekeeper.gate.setBudgets(after.budgets, this.#options.now());
    for (const [name, provider] of differences(before.providers, after.providers)) {
      await gatekeeper.record({ type: "provider.changed", name, provider: provider ?? null, by });
    }
    for (const [name, budget] of differences(byName(before.budgets), byName(after.budgets))) {
      await gatekeeper.record({ type: "budget.changed", name, budget: budget ?? null, by });
    }
    if (JSON.stringify(before.prices) !== JSON.stringify(after.prices)) {
      await gatekeeper.record({ type: "price.changed", by });
    }
    await gatekeeper.budgetsChanged();
  }
}

function priceBookOf(config: Config): PriceBook {
  return new PriceBook(config.providers, config.prices);
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
