import { wildcardMatches } from "./budget.ts";
import type { CostBasis } from "./call.ts";
import type { Config, Price, Pricing, Provider } from "./config.ts";
import { picoFromUsdPerMTok } from "./money.ts";
import {
  CATALOG_VERSION,
  type CatalogRates,
  catalogProviderOf,
  chatModelsOf,
  contextWindowOf,
  dearestSearchNanoUsd,
  publishedRates,
} from "./prices/catalog.ts";
import { contextLimitOf, outputLimitOf } from "./prices/modelLimits.ts";
import { tierPercent } from "./prices/serviceTiers.ts";
import { FREE_RATES, type Rates } from "./rates.ts";

/** What a call costs, and on whose word. `version` names the edition of the prices. */
export interface Priced {
  readonly rates: Rates;
  readonly basis: CostBasis;
  readonly version: string;
}

/** Prices that stand in the configuration. */
const CONFIGURED = "configuration";
/** Entries kept; clients can name any number of models. */
const LARGEST_CACHE = 2_000;
const MINUTE_MS = 60_000;

interface Found {
  readonly rates: CatalogRates;
  readonly basis: CostBasis;
  readonly version: string;
}

/**
 * Rates of every model of the configured providers. A provider's policy `free` or `compute-hour` stands for all its calls;
 * else the user's own prices come first (the first entry that matches), then a fixed price, then the catalogue. Made anew
 * when the configuration changes.
 */
export class PriceBook {
  readonly version: string = CATALOG_VERSION;
  readonly #providers: Config["providers"];
  readonly #prices: Config["prices"];
  readonly #catalogNames = new Map<string, string | null>();
  /** Published rates by provider and model; dated ones by the minute as well, since some change by the hour of the day. */
  readonly #found = new Map<string, { readonly minute: number | null; readonly found: Found | null }>();

  constructor(providers: Config["providers"], prices: Config["prices"]) {
    this.#providers = providers;
    this.#prices = prices;
  }

  /**
   * The rates of a call at `atMs` (ms since the epoch), in the tier that was served and, for models that cost more with
   * long prompts, for that many input tokens in all. Null where nobody knows the price.
   */
  lookUp(
    provider: string,
    model: string,
    atMs: number,
    serviceTier?: string | null,
    inputTokens: number = 0,
  ): Priced | null {
    const found = this.#find(provider, model, atMs);
    if (found === null) {
      return null;
    }
    const { tiers } = found.rates;
    const { rates } = tiers.findLast(({ above }) => inputTokens > above) ?? (tiers[0] as (typeof tiers)[number]);
    const { basis, version } = found;
    return { rates: basis === "catalog" ? this.#inTier(provider, rates, serviceTier) : rates, basis, version };
  }

  /** The highest rate of each class that a call with at most so many input tokens can be charged at. */
  dearest(
    provider: string,
    model: string,
    atMs: number,
    inputBound: number,
    serviceTier?: string | null,
  ): Rates | null {
    const found = this.#find(provider, model, atMs);
    if (found === null) {
      return null;
    }
    const possible = found.rates.tiers.filter(({ above }) => above === 0 || inputBound > above);
    const rates = possible.map((tier) => tier.rates).reduce(dearer);
    return found.basis === "catalog" ? this.#inTier(provider, rates, serviceTier) : rates;
  }

  /** Names of models that a user may want to pick: those with a price of the user's own, then the catalogue's. */
  models(provider: string): string[] {
    if (!this.#isMetered(provider)) {
      return [];
    }
    const own = this.#prices.filter((price) => wildcardMatches(price.provider, provider) && !price.model.includes("*"));
    const catalogName = this.#catalogName(provider);
    const listed = catalogName === null ? [] : chatModelsOf(catalogName);
    return [...new Set([...own.map((price) => price.model), ...listed])];
  }

  /** The most output tokens that an answer of the model can have where the request sets no limit. */
  outputLimit(provider: string, model: string): number {
    const catalogName = this.#catalogName(provider);
    return outputLimitOf(model, catalogName === null ? null : contextWindowOf(catalogName, model));
  }

  /** No prompt of the model has more tokens than this. */
  contextWindow(provider: string, model: string): number {
    const catalogName = this.#catalogName(provider);
    return contextLimitOf(model, catalogName === null ? null : contextWindowOf(catalogName, model));
  }

  #isMetered(provider: string): boolean {
    const kind = this.#provider(provider)?.pricing.kind;
    return kind === "catalog" || kind === "reported" || kind === "fixed";
  }

  #provider(name: string): Provider | undefined {
    return Object.hasOwn(this.#providers, name) ? this.#providers[name] : undefined;
  }

  #inTier(provider: string, rates: Rates, serviceTier: string | null | undefined): Rates {
    const percent = tierPercent(this.#catalogName(provider), serviceTier);
    return percent === 100 ? rates : scaled(rates, percent);
  }

  #catalogName(name: string): string | null {
    let catalogName = this.#catalogNames.get(name);
    if (catalogName === undefined) {
      const provider = this.#provider(name);
      catalogName = provider === undefined ? null : catalogProviderOf(name, provider.baseUrl);
      if (provider !== undefined) {
        this.#catalogNames.set(name, catalogName);
      }
    }
    return catalogName;
  }

  #find(provider: string, model: string, atMs: number): Found | null {
    const key = `${provider}/${model}`;
    const minute = Math.floor(atMs / MINUTE_MS);
    const known = this.#found.get(key);
    if (known !== undefined && (known.minute === null || known.minute === minute)) {
      return known.found;
    }
    if (this.#found.size >= LARGEST_CACHE) {
      this.#found.clear();
    }
    const { found, dated } = this.#findAnew(provider, model, atMs);
    this.#found.set(key, { minute: dated ? minute : null, found });
    return found;
  }

  #findAnew(name: string, model: string, atMs: number): { readonly found: Found | null; readonly dated: boolean } {
    const pricing = this.#provider(name)?.pricing;
    if (pricing === undefined) {
      return { found: null, dated: false };
    }
    if (pricing.kind === "free" || pricing.kind === "compute-hour") {
      return { found: flat(FREE_RATES, pricing.kind, CONFIGURED), dated: false };
    }
    const own = this.#prices.find(
      (price) => wildcardMatches(price.provider, name) && model !== "" && wildcardMatches(price.model, model),
    );
    const catalogName = this.#catalogName(name);
    const set = own ?? (pricing.kind === "fixed" ? pricing : undefined);
    if (set !== undefined) {
      const search = catalogName === null ? 0 : dearestSearchNanoUsd(catalogName);
      return { found: flat(configuredRates(set, search), "override", CONFIGURED), dated: false };
    }
    const published = catalogName === null ? null : publishedRates(catalogName, model, atMs);
    return published === null
      ? { found: null, dated: false }
      : { found: { rates: published.rates, basis: "catalog", version: CATALOG_VERSION }, dated: published.dated };
  }
}

function flat(rates: Rates, basis: CostBasis, version: string): Found {
  return { rates: { tiers: [{ above: 0, rates }] }, basis, version };
}

/** A user's price: classes without one of their own cost what input (or output) costs. */
function configuredRates(price: Price | Extract<Pricing, { kind: "fixed" }>, webSearchNanoUsd: number): Rates {
  const input = picoFromUsdPerMTok(price.inputUsdPerMTok);
  const output = picoFromUsdPerMTok(price.outputUsdPerMTok);
  const cachedInput = price.cachedInputUsdPerMTok;
  const cacheWrite = "cacheWriteUsdPerMTok" in price ? price.cacheWriteUsdPerMTok : undefined;
  const write = cacheWrite === undefined ? input : picoFromUsdPerMTok(cacheWrite);
  return {
    input,
    cachedInput: cachedInput === undefined ? input : picoFromUsdPerMTok(cachedInput),
    cacheWrite5m: write,
    cacheWrite1h: write,
    output,
    audioInput: input,
    audioOutput: output,
    webSearchNanoUsd,
  };
}

function dearer(a: Rates, b: Rates): Rates {
  return mapRates(a, (rate, name) => Math.max(rate, b[name]));
}

/** Search fees are the same in every tier. */
function scaled(rates: Rates, percent: number): Rates {
  return mapRates(rates, (rate, name) => (name === "webSearchNanoUsd" ? rate : Math.ceil((rate * percent) / 100)));
}

function mapRates(rates: Rates, map: (rate: number, name: keyof Rates) => number): Rates {
  return {
    input: map(rates.input, "input"),
    cachedInput: map(rates.cachedInput, "cachedInput"),
    cacheWrite5m: map(rates.cacheWrite5m, "cacheWrite5m"),
    cacheWrite1h: map(rates.cacheWrite1h, "cacheWrite1h"),
    output: map(rates.output, "output"),
    audioInput: map(rates.audioInput, "audioInput"),
    audioOutput: map(rates.audioOutput, "audioOutput"),
    webSearchNanoUsd: map(rates.webSearchNanoUsd, "webSearchNanoUsd"),
  };
}
