import { wildcardMatches } from "./budget.ts";
import type { CostBasis } from "./call.ts";
import type { Config, Price, Provider, TokenPrices } from "./config.ts";
import { builtInCatalog } from "./prices/builtInCatalog.ts";
import type { Catalog } from "./prices/catalog.ts";
import type { CatalogRates } from "./prices/catalogRates.ts";
import { contextLimitOf, outputLimitOf } from "./prices/modelLimits.ts";
import { OwnPrices, writtenRates } from "./prices/ownPrices.ts";
import { heldMultiple, ratesInTier, type TierMultiple, tierInWords, tierMultiple } from "./prices/serviceTiers.ts";
import { dearerRates, FREE_RATES, type Rates } from "./rates.ts";

/** What a call costs, and on whose word. `version` names the edition of the prices. */
export interface Priced {
  readonly rates: Rates;
  readonly basis: CostBasis;
  readonly version: string;
}

/** Where a price comes from. `provider` and `model` are as the entry names them, in the configuration or the catalogue. */
export interface PriceSource {
  readonly kind: "own" | "fixed" | "free" | "compute-hour" | "catalog" | "default";
  readonly provider: string | null;
  readonly model: string | null;
  /** Of a price of the user's own, as it is written. */
  readonly from: string | null;
  readonly until: string | null;
}

/** All that is known of a model's price at a time. */
export interface Quote {
  readonly tiers: CatalogRates["tiers"];
  readonly basis: CostBasis;
  readonly version: string;
  readonly source: PriceSource;
}

export interface PriceBookOptions {
  /** What a model costs that nobody has priced; null or absent: then it has no price. */
  readonly defaultPrice?: TokenPrices | null;
  /** Absent: the catalogue that comes with Tollgate. */
  readonly catalog?: Catalog;
  /** IANA name: by this clock begin the days from which a user's price holds. */
  readonly timeZone?: string;
  /** The book that was in force when a call started (ms since the epoch), where it was an earlier one. */
  readonly earlier?: (atMs: number) => PriceBook | null;
}

/** Prices that stand in the configuration. */
const CONFIGURED = "configuration";
/** Entries kept; clients can name any number of models. */
const LARGEST_CACHE = 2_000;
const MINUTE_MS = 60_000;

/** What was found, and from when until when it is so. */
interface Remembered {
  readonly quote: Quote | null;
  readonly from: number;
  readonly until: number;
}

/**
 * Rates of every model of the configured providers. A provider's policy `free` or `compute-hour` stands for all its calls;
 * else the user's own prices come first (the first entry that matches and is in force), then a fixed price, then the
 * catalogue, then the default price, if there is one. Made anew when the configuration or the catalogue changes.
 */
export class PriceBook {
  readonly catalog: Catalog;
  readonly #providers: Config["providers"];
  readonly #prices: readonly Price[];
  readonly #own: OwnPrices;
  readonly #defaultPrice: TokenPrices | null;
  readonly #earlier: PriceBookOptions["earlier"];
  readonly #catalogNames = new Map<string, string | null>();
  readonly #remembered = new Map<string, Remembered>();
  #latest = Number.NEGATIVE_INFINITY;

  constructor(providers: Config["providers"], prices: readonly Price[], options: PriceBookOptions = {}) {
    this.catalog = options.catalog ?? builtInCatalog();
    this.#providers = providers;
    this.#prices = prices;
    this.#own = new OwnPrices(prices, options.timeZone ?? "UTC");
    this.#defaultPrice = options.defaultPrice ?? null;
    this.#earlier = options.earlier;
  }

  /** The edition of the published prices. */
  get version(): string {
    return this.catalog.version;
  }

  /**
   * The rates of a call that started at `atMs` (ms since the epoch), in the tier that was served and, for models that cost
   * more with long prompts, for that many input tokens in all. Null where nobody knows the price.
   */
  lookUp(
    provider: string,
    model: string,
    atMs: number,
    serviceTier?: string | null,
    inputTokens: number = 0,
  ): Priced | null {
    this.#latest = Math.max(this.#latest, atMs);
    const book = this.#earlier?.(atMs) ?? this;
    return book.#lookUp(provider, model, atMs, serviceTier, inputTokens);
  }

  #lookUp(
    provider: string,
    model: string,
    atMs: number,
    serviceTier: string | null | undefined,
    inputTokens: number,
  ): Priced | null {
    const quote = this.#find(provider, model, atMs);
    if (quote === null) {
      return null;
    }
    const { tiers, basis, version } = quote;
    const { rates } = tiers.findLast(({ above }) => inputTokens > above) ?? (tiers[0] as (typeof tiers)[number]);
    const multiple = this.#multiple(provider, model, basis, serviceTier);
    const words = tierInWords(serviceTier, multiple);
    return {
      rates: ratesInTier(rates, multiple),
      basis,
      version: words === null ? version : `${version}, ${words}`,
    };
  }

  /**
   * The highest rate of each class that a call with at most so many input tokens can be charged at. A cheaper tier counts only
   * where it is sure to be the one that serves.
   */
  dearest(
    provider: string,
    model: string,
    atMs: number,
    inputBound: number,
    serviceTier?: string | null,
    tierIsSure: boolean = false,
  ): Rates | null {
    this.#latest = Math.max(this.#latest, atMs);
    const book = this.#earlier?.(atMs) ?? this;
    return book.#dearest(provider, model, atMs, inputBound, serviceTier, tierIsSure);
  }

  #dearest(
    provider: string,
    model: string,
    atMs: number,
    inputBound: number,
    serviceTier: string | null | undefined,
    tierIsSure: boolean,
  ): Rates | null {
    const quote = this.#find(provider, model, atMs);
    if (quote === null) {
      return null;
    }
    const possible = quote.tiers.filter(({ above }) => above === 0 || inputBound > above);
    const rates = possible.map((tier) => tier.rates).reduce(dearerRates);
    const multiple = this.#multiple(provider, model, quote.basis, serviceTier);
    return ratesInTier(rates, tierIsSure && multiple.isPublished ? multiple : heldMultiple(multiple));
  }

  /** When the latest call started whose price was looked up, ms since the epoch. */
  get latest(): number {
    return this.#latest;
  }

  /** All that is known of a model's price at a time, ms since the epoch, at standard service. Null where nobody knows it. */
  quote(provider: string, model: string, atMs: number): Quote | null {
    return this.#find(provider, model, atMs);
  }

  /** Names of models that a user may want to pick: those with a price of the user's own, then the catalogue's. */
  models(provider: string): string[] {
    const catalogName = this.#catalogName(provider);
    return this.#names(provider, catalogName === null ? [] : this.catalog.chatModelsOf(catalogName));
  }

  /** Every model of a provider that has an entry, in the user's own prices or in the catalogue. */
  allModels(provider: string): string[] {
    const catalogName = this.#catalogName(provider);
    return this.#names(provider, catalogName === null ? [] : this.catalog.modelsOf(catalogName).map(({ id }) => id));
  }

  /** The most output tokens that an answer of the model can have where the request sets no limit. */
  outputLimit(provider: string, model: string): number {
    return outputLimitOf(model, this.publishedWindow(provider, model));
  }

  /** No prompt of the model has more tokens than this. */
  contextWindow(provider: string, model: string): number {
    return contextLimitOf(model, this.publishedWindow(provider, model));
  }

  /** Tokens that prompt and answer can have together, where the catalogue says. */
  publishedWindow(provider: string, model: string): number | null {
    const catalogName = this.#catalogName(provider);
    return catalogName === null ? null : this.catalog.contextWindowOf(catalogName, model);
  }

  #names(provider: string, published: readonly string[]): string[] {
    const kind = this.#provider(provider)?.pricing.kind;
    if (kind === undefined || kind === "free" || kind === "compute-hour") {
      return [];
    }
    const own = this.#prices.filter((price) => wildcardMatches(price.provider, provider) && !price.model.includes("*"));
    return [...new Set([...own.map((price) => price.model), ...published])];
  }

  #provider(name: string): Provider | undefined {
    return Object.hasOwn(this.#providers, name) ? this.#providers[name] : undefined;
  }

  /** A price that the user wrote is for every tier; one for models of which nothing is known, at least for the usual one. */
  #multiple(provider: string, model: string, basis: CostBasis, tier: string | null | undefined): TierMultiple {
    const charged = basis === "catalog" || basis === "default" ? tier : null;
    const multiple = tierMultiple(this.#catalogName(provider), model, charged);
    return basis === "default" ? heldMultiple(multiple) : multiple;
  }

  #catalogName(name: string): string | null {
    let catalogName = this.#catalogNames.get(name);
    if (catalogName === undefined) {
      const provider = this.#provider(name);
      catalogName = provider === undefined ? null : this.catalog.providerOf(name, provider.baseUrl);
      if (provider !== undefined) {
        this.#catalogNames.set(name, catalogName);
      }
    }
    return catalogName;
  }

  #find(provider: string, model: string, atMs: number): Quote | null {
    const key = `${provider}/${model}`;
    const known = this.#remembered.get(key);
    if (known !== undefined && known.from <= atMs && atMs < known.until) {
      return known.quote;
    }
    if (this.#remembered.size >= LARGEST_CACHE) {
      this.#remembered.clear();
    }
    const found = this.#findAnew(provider, model, atMs);
    this.#remembered.set(key, found);
    return found.quote;
  }

  #findAnew(name: string, model: string, atMs: number): Remembered {
    const pricing = this.#provider(name)?.pricing;
    if (pricing === undefined) {
      return always(null);
    }
    const { kind } = pricing;
    if (kind === "free" || kind === "compute-hour") {
      return always(flat(FREE_RATES, kind, { ...NO_SOURCE, kind, provider: name }));
    }
    const catalogName = this.#catalogName(name);
    const search = catalogName === null ? 0 : this.catalog.dearestSearchNanoUsd(catalogName);
    const own = this.#own.find(name, model, atMs);
    if (own.price !== null) {
      const { provider, model: pattern, from = null, until = null } = own.price;
      const source: PriceSource = { kind: "own", provider, model: pattern, from, until };
      return { ...own, quote: flat(writtenRates(own.price, search), "override", source) };
    }
    if (kind === "fixed") {
      const source: PriceSource = { ...NO_SOURCE, kind, provider: name };
      return { ...own, quote: flat(writtenRates(pricing, search), "override", source) };
    }
    const published = catalogName === null ? null : this.catalog.ratesOf(catalogName, model, atMs);
    if (published === null) {
      const hasDefault = this.#defaultPrice !== null && model !== "";
      const rates = hasDefault ? writtenRates(this.#defaultPrice as TokenPrices, search) : null;
      return { ...own, quote: rates === null ? null : flat(rates, "default", { ...NO_SOURCE, kind: "default" }) };
    }
    const minute = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
    const source: PriceSource = { ...NO_SOURCE, kind: "catalog", provider: catalogName, model: published.entry };
    const { rates } = published;
    return {
      // Some prices change by the hour of the day.
      from: published.dated ? Math.max(own.from, minute) : own.from,
      until: published.dated ? Math.min(own.until, minute + MINUTE_MS) : own.until,
      quote: rates === null ? null : { tiers: rates.tiers, basis: "catalog", version: this.version, source },
    };
  }
}

const NO_SOURCE = { provider: null, model: null, from: null, until: null } as const;

function always(quote: Quote | null): Remembered {
  return { quote, from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY };
}

function flat(rates: Rates, basis: CostBasis, source: PriceSource): Quote {
  return { tiers: [{ above: 0, rates }], basis, version: CONFIGURED, source };
}
