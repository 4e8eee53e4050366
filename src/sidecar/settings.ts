import type { z } from "zod";
import type { PassResponse, ProviderHealth, ProviderInfo } from "../domain/api.ts";
import type { Backend } from "../domain/backends/backendSettings.ts";
import type { RecordedSwitch, Switch } from "../domain/backends/backendSwitch.ts";
import { type Budget, budgetSchema } from "../domain/budget.ts";
import { type Config, type Price, parseNamed } from "../domain/config.ts";
import { gatewayAddress } from "../domain/gatewayAddress.ts";
import type { ServedModel } from "../domain/models/registry.ts";
import type { passWishSchema } from "../domain/passApi.ts";
import { PriceBook } from "../domain/priceBook.ts";
import { isSamePrice, withPrice } from "../domain/prices/ownPrices.ts";
import { HttpError } from "./api/http.ts";
import { checkSwitch } from "./backends/checkSwitch.ts";
import { changesBetween } from "./configChanges.ts";
import type { ConfigStore } from "./configStore.ts";
import type { Gatekeeper } from "./gatekeeper.ts";
import { LinkError, type Links } from "./links.ts";
import { ModelLists } from "./modelLists.ts";
import type { Passes } from "./passes.ts";
import type { PublishedPrices } from "./prices/publishedPrices.ts";
import { askHealth, askReachable } from "./providerHealth.ts";

const HEALTH_LIMIT_MS = 5_000;

export interface SettingsOptions {
  readonly store: ConfigStore;
  readonly passes: Passes;
  readonly gatekeeper: Gatekeeper;
  readonly published: PublishedPrices;
  readonly links: Links;
  readonly now: () => number;
  readonly url: () => string;
}

/** A switch of a backend, and what is known of why it was made. */
export type SwitchWish = Pick<Switch, "tier" | "why" | "checked"> & { readonly to: Backend };

/** A price book that was in force until a time, ms since the epoch: calls that started before keep its prices. */
interface Superseded {
  readonly book: PriceBook;
  readonly until: number;
}

/** Books that are kept for calls still under way, and for how long: work that is put off takes a day at most. */
const MOST_SUPERSEDED = 20;
const LONGEST_CALL_MS = 48 * 3_600_000;

/** The configuration in force, and what follows when it changes: the gate's budgets, the price book, the journal. */
export class Settings {
  readonly #options: SettingsOptions;
  readonly #modelLists: ModelLists;
  #prices: PriceBook;
  /** The oldest first. */
  #superseded: Superseded[] = [];

  constructor(options: SettingsOptions) {
    this.#options = options;
    this.#modelLists = new ModelLists(options.now, options.links);
    this.#prices = this.#priceBook();
  }

  get config(): Config {
    return this.#options.store.config;
  }

  get prices(): PriceBook {
    const last = this.#superseded.at(-1);
    if (last !== undefined && this.#options.now() < last.until - 1) {
      // The clock was set back: what starts now did not start before the prices changed.
      this.#superseded = [];
    }
    return this.#prices;
  }

  /** @throws ConfigError; then nothing has changed. */
  async patch(changes: unknown, by: string): Promise<Config> {
    const before = this.config;
    const after = this.#options.store.patch(changes, ({ providers }) => this.#options.links.check(providers ?? {}));
    await this.#changed(before, after, by);
    return after;
  }

  /** @throws ConfigError; then nothing has changed. */
  async setBudget(input: unknown, by: string): Promise<Budget> {
    const before = this.config;
    checkSwitch(parseNamed(budgetSchema, input, "budget"), before, this.prices, this.#options.now());
    const budget = this.#options.store.setBudget(input);
    await this.#changed(before, this.config, by);
    return budget;
  }

  /** Makes a backend the default (a null tier), or what a tier stands for. @throws ConfigError */
  async switchBackend(wanted: SwitchWish, by: string): Promise<RecordedSwitch> {
    const before = this.config;
    const { default: main, tiers, ...rest } = before.backends;
    const { tier, to } = wanted;
    const named = tier === null ? { default: to, tiers } : { default: main, tiers: { ...tiers, [tier]: to } };
    const after = this.#options.store.patch({ backends: { ...rest, ...named } });
    const from = (tier === null ? main : tiers[tier]) ?? null;
    const { why, checked } = wanted;
    const switched: Switch = { tier, from, to, by, why, checked };
    await this.#changed(before, after, by, [switched]);
    return { ...switched, at: this.#options.now() };
  }

  /** Takes a tier's meaning away. Whether it had one. */
  async removeTier(name: string, by: string): Promise<boolean> {
    const { tiers, ...rest } = this.config.backends;
    if (!Object.hasOwn(tiers, name)) {
      return false;
    }
    const { [name]: _, ...others } = tiers;
    await this.patch({ backends: { ...rest, tiers: others } }, by);
    return true;
  }

  async removeBudget(name: string, by: string): Promise<boolean> {
    const before = this.config;
    const removed = this.#options.store.removeBudget(name);
    if (removed) {
      await this.#changed(before, this.config, by);
    }
    return removed;
  }

  /** Sets a price of the user's own, in the place where it counts. @throws ConfigError; then nothing has changed. */
  async setPrice(price: Price, by: string): Promise<Config> {
    return this.patch({ prices: withPrice(this.config.prices, price) }, by);
  }

  /** Takes out the prices for exactly these names, or only the one that begins at `from`. Gives what was taken out. */
  async removePrices(wanted: Pick<Price, "provider" | "model" | "from">, by: string): Promise<Price[]> {
    const isMeant = (price: Price) =>
      isSamePrice(price, wanted.from === undefined ? { ...wanted, from: price.from } : wanted);
    const removed = this.config.prices.filter(isMeant);
    if (removed.length > 0) {
      await this.patch({ prices: this.config.prices.filter((price) => !isMeant(price)) }, by);
    }
    return removed;
  }

  /** To be called when another edition of the published prices is in force. */
  async publishedPricesChanged(by: string): Promise<void> {
    this.#supersede();
    await this.#options.gatekeeper.record({ type: "price.changed", by });
  }

  /** Where no price list names a provider's models, the server is asked for them. */
  providerInfos(): Promise<ProviderInfo[]> {
    return Promise.all(
      Object.entries(this.config.providers).map(async ([name, provider]) => {
        const { protocol, baseUrl, pricing } = provider;
        const priced = this.#prices.models(name);
        const models = priced.length > 0 ? priced : (await this.#modelLists.of(name, provider)).map(({ id }) => id);
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
    return new Map(
      await Promise.all(asked.map(async ([name, at]) => [name, await this.#modelLists.of(name, at)] as const)),
    );
  }

  /** @throws HttpError where no such provider is configured. */
  async providerHealth(name: string): Promise<ProviderHealth> {
    const provider = Object.hasOwn(this.config.providers, name) ? this.config.providers[name] : undefined;
    if (provider === undefined) {
      throw new HttpError(404, "not_found", `No provider is named ${name}`);
    }
    const ask = provider.pricing.kind === "compute-hour" ? askHealth : askReachable;
    try {
      return { name, ...(await ask(provider, HEALTH_LIMIT_MS, this.#options.links.of(name, provider))) };
    } catch (error) {
      if (error instanceof LinkError) {
        return { name, up: false, latencyMs: null, detail: error.message };
      }
      throw error;
    }
  }

  /** Makes or finds a caller's pass, and the base URLs that carry it. */
  pass({ upstreams: wanted, expiresInMs, ...caller }: z.output<typeof passWishSchema>): PassResponse {
    const now = this.#options.now();
    const upstreams = this.#upstreams(wanted);
    const expiresAt = typeof expiresInMs === "number" ? now + expiresInMs : expiresInMs;
    const wish = { caller, upstreams, ...(expiresAt === undefined ? {} : { expiresAt }) };
    const pass = this.#options.passes.passFor(wish, now);
    const urls = Object.entries(this.config.providers).map(([name, provider]) => {
      const baseUrl = upstreams[name] ?? provider.baseUrl;
      const ending = /\/v\d+[a-z]*\/?$/.exec(new URL(baseUrl).pathname)?.[0].replace(/\/$/, "") ?? "";
      return [name, `${this.#options.url()}/p/${pass}/${name}${ending}`] as const;
    });
    return { pass, urls: Object.fromEntries(urls) };
  }

  /** Where a pass is to lead: never to the gateway itself, but to where the pass in such an address leads. */
  #upstreams(wanted: Readonly<Record<string, string>>): Record<string, string> {
    const { passes, now } = this.#options;
    const entries = Object.entries(wanted).flatMap(([name, url]) => {
      if (!Object.hasOwn(this.config.providers, name)) {
        throw new HttpError(400, "invalid_request", `upstreams.${name}: no provider is named ${name}`);
      }
      const own = gatewayAddress(url);
      const upstream = own === null ? url : passes.peek(own.pass, now())?.upstreams[own.provider];
      return upstream === undefined ? [] : [[name, upstream] as const];
    });
    return Object.fromEntries(entries);
  }

  async #changed(before: Config, after: Config, by: string, switches?: readonly Switch[]): Promise<void> {
    const { gatekeeper, published, now } = this.#options;
    this.#supersede();
    gatekeeper.gate.setBudgets(after.budgets, now());
    for (const event of changesBetween(before, after, by, switches)) {
      await gatekeeper.record(event);
    }
    published.reconsider();
    await gatekeeper.budgetsChanged();
  }

  /** Puts a new book in force. Calls that started before, this very millisecond included, keep the prices they started with. */
  #supersede(): void {
    const now = this.#options.now();
    const until = this.#prices.latest === now ? now + 1 : now;
    const kept = this.#superseded.filter((one) => one.until > now - LONGEST_CALL_MS).slice(1 - MOST_SUPERSEDED);
    this.#superseded = [...kept, { book: this.#prices, until }];
    this.#prices = this.#priceBook();
  }

  #priceBook(): PriceBook {
    const { providers, prices, defaultPrice, timeZone } = this.config;
    return new PriceBook(providers, prices, {
      defaultPrice,
      catalog: this.#options.published.catalog,
      timeZone: timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
      earlier: (atMs) => this.#superseded.find(({ until }) => atMs < until)?.book ?? null,
    });
  }
}
