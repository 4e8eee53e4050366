import type { ModelPrice } from "@pydantic/genai-prices";
import type { CatalogModel, CatalogProvider } from "./catalogData.ts";
import { comparable, ModelFinder, namesExactly, pricesAt, withLongDates } from "./catalogMatch.ts";
import { type CatalogRates, ratesFrom, searchFee } from "./catalogRates.ts";
import { dearestSearchFee, searchFeeOf } from "./searchFees.ts";

/** A model as it was found: the entry, and the provider whose entry it is. */
export interface FoundModel {
  readonly provider: CatalogProvider;
  readonly model: CatalogModel;
}

/** What a model is published to cost: null rates where that is more than our classes can hold. */
export interface PublishedRates {
  readonly rates: CatalogRates | null;
  /** Whether they may be others a minute later. */
  readonly dated: boolean;
  /** The entry's own name. */
  readonly entry: string;
}

/** One edition of the published prices. */
export class Catalog {
  /** Stands with each call that is priced by it. */
  readonly version: string;
  readonly providers: readonly CatalogProvider[];
  readonly #byId: ReadonlyMap<string, CatalogProvider>;
  readonly #finders = new Map<string, ModelFinder>();
  readonly #searches = new Map<string, number>();

  constructor(version: string, providers: readonly CatalogProvider[]) {
    this.version = version;
    this.providers = providers;
    this.#byId = new Map(providers.map((provider) => [provider.id, provider]));
  }

  /**
   * The catalogue's name for a provider: by the host that is called, for that host sends the bill; else by the name that the
   * user gave it, if that is exactly the catalogue's. Null where neither is known.
   */
  providerOf(name: string, baseUrl: string): string | null {
    const byHost = this.providers.find(({ api_pattern: host }) => new RegExp(`^(?:${host})`).test(baseUrl));
    if (byHost !== undefined) {
      return byHost.id;
    }
    if (TOGETHER.test(baseUrl) && this.#byId.has("together")) {
      return "together";
    }
    const given = comparable(name);
    if (given === "bedrock" || OTHER_BEDROCK.test(baseUrl)) {
      return "aws";
    }
    const alias = ({ provider_match: match }: CatalogProvider) => match !== undefined && namesExactly(match, given);
    return this.#byId.get(given)?.id ?? this.providers.find(alias)?.id ?? null;
  }

  /** The model that a name means at a provider, or at those whose models it resells. */
  find(providerId: string, name: string): FoundModel | null {
    const given = comparable(name);
    const long = withLongDates(given);
    return this.#find(providerId, given) ?? (long === null ? null : this.#find(providerId, long));
  }

  /** What a model costs at a time, ms since the epoch; null where nobody has heard of it. */
  ratesOf(providerId: string, name: string, atMs: number): PublishedRates | null {
    const found = this.find(providerId, name);
    return found === null ? null : this.ratesOfEntry(found, atMs);
  }

  ratesOfEntry({ provider, model }: FoundModel, atMs: number): PublishedRates {
    const makers = provider.id === "anthropic" ? null : this.#anthropics(model, atMs);
    return {
      rates: ratesFrom(
        pricesAt(model, atMs),
        model.id,
        searchFeeOf(provider.id, model.id) ?? this.#dearestSearch(provider),
        makers,
      ),
      dated: Array.isArray(model.prices),
      entry: model.id,
    };
  }

  /** Tokens that prompt and answer can have together, where the catalogue says. */
  contextWindowOf(providerId: string, name: string): number | null {
    return this.find(providerId, name)?.model.context_window ?? null;
  }

  /** Models that take and give text and are not withdrawn, as the catalogue names them: the newest first, by their numbers. */
  chatModelsOf(providerId: string): string[] {
    return this.modelsOf(providerId)
      .filter((model) => model.deprecated !== true && isChat(model))
      .map((model) => model.id)
      .toSorted((a, b) => versionOf(b) - versionOf(a) || a.localeCompare(b));
  }

  /** Every entry of a provider. */
  modelsOf(providerId: string): readonly CatalogModel[] {
    return this.#byId.get(providerId)?.models ?? [];
  }

  /** What a search costs at most at a provider, in nano-USD. */
  dearestSearchNanoUsd(providerId: string): number {
    const provider = this.#byId.get(providerId);
    return provider === undefined ? 0 : Math.ceil(this.#dearestSearch(provider) * 1_000_000);
  }

  #find(providerId: string, name: string): FoundModel | null {
    const provider = this.#byId.get(providerId);
    if (provider === undefined) {
      return null;
    }
    for (const id of [provider.id, ...(provider.fallback_model_providers ?? [])]) {
      const one = this.#byId.get(id);
      const model = one === undefined ? null : this.#finderOf(one).find(name);
      if (one !== undefined && model !== null) {
        return { provider: one, model };
      }
    }
    return null;
  }

  /** What Anthropic itself charges for a Claude that another host sells. */
  #anthropics(model: CatalogModel, atMs: number): ModelPrice | null {
    const claude = /claude-.*$/.exec(model.id)?.[0].replace(/-v\d+(:\d+)?$/, "");
    const own = claude === undefined ? null : this.find("anthropic", claude);
    return own === null ? null : pricesAt(own.model, atMs);
  }

  #finderOf(provider: CatalogProvider): ModelFinder {
    let finder = this.#finders.get(provider.id);
    if (finder === undefined) {
      finder = new ModelFinder(provider);
      this.#finders.set(provider.id, finder);
    }
    return finder;
  }

  /** What the provider's models charge for a search at most, in USD a thousand: for a model whose fee is not listed. */
  #dearestSearch(provider: CatalogProvider): number {
    let dearest = this.#searches.get(provider.id);
    if (dearest === undefined) {
      const prices = provider.models.flatMap((model) =>
        Array.isArray(model.prices) ? model.prices.map((dated) => dated.prices) : [model.prices],
      );
      dearest = Math.max(dearestSearchFee(provider.id), ...prices.map((price) => searchFee(price) ?? 0));
      this.#searches.set(provider.id, dearest);
    }
    return dearest;
  }
}

/** Together's address since 2026; the catalogue knows the older one. */
const TOGETHER = /^https:\/\/api\.together\.ai(:443)?(\/|$)/i;
/** Bedrock's addresses beside the usual ones: for government clouds, for private links, for both IP versions. */
const OTHER_BEDROCK =
  /^https:\/\/([^/?#]+\.)?bedrock-runtime(-fips)?\.[a-z0-9-]+\.(vpce\.)?(amazonaws\.com|api\.aws)(:443)?(\/|$)/i;

/** The version in a model's name: 5.4 in `gpt-5.4-mini`, 4.5 in `claude-haiku-4-5`; 0 where there is none. Sizes (`20b`, `32k`) are none. */
function versionOf(model: string): number {
  const [, whole = "0", part = "0"] = /(?<![\d.])(\d{1,2})(?![\dbk])(?:[.-](\d{1,2})(?![\dbk]))?/.exec(model) ?? [];
  return Number(whole) + Number(part) / 100;
}

const NOT_CHAT =
  /embed|whisper|tts|transcri|realtime|image|moderation|audio|voice|rerank|ocr|^(ada|babbage|curie|davinci)$|davinci|instruct$|computer-use|:extended|^ft:|\.ft-/;

function isChat(model: CatalogModel): boolean {
  const [first] = Array.isArray(model.prices) ? model.prices.map(({ prices }) => prices) : [model.prices];
  return first?.input_mtok !== undefined && first.output_mtok !== undefined && !NOT_CHAT.test(model.id);
}
