import type { CostBasis } from "../call.ts";
import type { Config } from "../config.ts";
import type { PriceBook } from "../priceBook.ts";
import { costOf, type Rates } from "../rates.ts";
import { NO_USAGE } from "../usage.ts";
import { type AbilityName, hasAbilities, isUpTo, type Tier } from "./abilities.ts";
import { compareVersions, isSameModel, type ModelName, readName, standsFor } from "./modelName.ts";
import { type KnownSkills, skillsOf } from "./skills.ts";

/** A model as a provider's own server lists it. */
export interface ServedModel {
  readonly id: string;
  /** Tokens of prompt and answer together; null where the server does not say. */
  readonly contextWindowTokens: number | null;
}

/** A model of a configured provider, and what is known of it. */
export interface KnownModel extends KnownSkills {
  readonly provider: string;
  /** As the provider takes it. */
  readonly model: string;
  readonly family: string | null;
  /** Tokens of prompt and answer together; null where nobody says. */
  readonly contextWindowTokens: number | null;
  /** The longest answer that is reckoned with, in tokens: a cautious number where the maker's page is not known. */
  readonly outputLimitTokens: number;
  /** For prompts of ordinary length, at the standard tier; null where no price is known. */
  readonly rates: Rates | null;
  readonly costBasis: CostBasis;
  readonly priceVersion: string | null;
  /** Where the provider is paid by the hour. */
  readonly hourlyRateUsd: number | null;
}

/** Models that a name can mean, best first. */
export interface FoundModels {
  /** `name`: the model's own name, however spelled; `alias`: a name that stands for the first of these. */
  readonly by: "name" | "alias";
  readonly models: readonly KnownModel[];
}

export interface RegistryOptions {
  readonly providers: Config["providers"];
  readonly prices: PriceBook;
  /** What servers list themselves; for the other providers the catalogue's list stands. */
  readonly served: ReadonlyMap<string, readonly ServedModel[]>;
  /** Ms since the epoch: prices are those of this time. */
  readonly now: number;
}

/** What models are compared by where no prompt is at hand: a short question and a usual answer, in tokens. */
export const USUAL_CALL = Object.freeze({ inputTokens: 1_000, outputTokens: 600 });

/** A model by its place and its name taken apart: what is known of it is looked up where it is wanted. */
interface Entry {
  readonly provider: string;
  readonly model: string;
  readonly name: ModelName;
}

/** Every model of the configured providers, by whatever name people and programs give it. */
export class ModelRegistry {
  readonly #options: RegistryOptions;
  readonly #lists = new Map<string, readonly Entry[]>();

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  get providers(): readonly string[] {
    return Object.keys(this.#options.providers);
  }

  /**
   * Every model that the providers list themselves, or that the catalogue and the user's own prices name; those that are
   * known to be able to do what is asked, where that is given.
   */
  all(
    filter: { readonly provider?: string; readonly abilities?: readonly AbilityName[]; readonly tier?: Tier } = {},
  ): KnownModel[] {
    const { provider, abilities = [], tier } = filter;
    return (provider === undefined ? this.providers : [provider])
      .flatMap((name) => this.#list(name))
      .filter(({ name }) => {
        const skills = skillsOf(name);
        return hasAbilities(skills, abilities) && (tier === undefined || isUpTo(skills, tier));
      })
      .map((entry) => this.#known(entry));
  }

  /** What is known of a model under exactly this name, listed or not. */
  of(provider: string, model: string): KnownModel {
    return this.#known({ provider, model, name: readName(model) });
  }

  /**
   * The models that a name means. First comes a model of that very name, then one whose name is spelled otherwise (case,
   * `anthropic/…`, Bedrock's and Vertex's ids, a snapshot's date), then what an alias such as `sonnet` or `gpt-5` stands
   * for: the newest of its family that has a price, the cheapest of equals. A first part that names a configured
   * provider means that provider's. Null where nothing is meant.
   */
  find(asked: string, provider?: string): FoundModels | null {
    const whole = asked.trim();
    const [, prefix, rest] = /^([^/]+)\/(.+)$/s.exec(whole) ?? [];
    const named = this.providers.find((name) => name.toLowerCase() === prefix?.toLowerCase());
    if (provider === undefined && named !== undefined && rest !== undefined) {
      const found = this.#findIn(this.#bearing(whole, [named]).length > 0 ? whole : rest, [named]);
      if (found !== null) {
        return found;
      }
    }
    return this.#findIn(whole, provider === undefined ? this.providers : [provider]);
  }

  /** Models that bear a name, whatever its case: those that are written just so first. */
  #bearing(asked: string, providers: readonly string[]): Entry[] {
    const alike = providers
      .flatMap((name) => this.#list(name))
      .filter(({ model }) => model.toLowerCase() === asked.toLowerCase());
    return alike.sort((a, b) => Number(b.model === asked) - Number(a.model === asked));
  }

  #findIn(asked: string, providers: readonly string[]): FoundModels | null {
    const entries = providers.flatMap((name) => this.#list(name));
    const name = readName(asked);
    const bearing = this.#bearing(asked, providers);
    const same = entries.filter((entry) => !bearing.includes(entry) && isSameModel(name, entry.name));
    if (bearing.length + same.length > 0) {
      const snapshots = same.map((entry) => this.#snapshot(entry, name)).sort(this.#bestFirst(name));
      return this.#found("name", [...bearing, ...snapshots]);
    }
    const meant = entries.filter((entry) => standsFor(name, entry.name) && this.#rates(entry) !== null);
    if (meant.length > 0) {
      return this.#found("alias", meant.sort(this.#bestFirst(name)));
    }
    // Priced although no list has it: an older snapshot, an embedding model.
    const unlisted = providers
      .filter((provider) => this.#pricesByName(provider, asked))
      .map((provider) => this.of(provider, asked));
    return unlisted.length > 0 ? { by: "name", models: unlisted } : null;
  }

  /** Whether a price tells that there is such a model: one that holds for every name tells nothing. */
  #pricesByName(provider: string, model: string): boolean {
    const { prices, now } = this.#options;
    const { kind, model: pattern } = prices.quote(provider, model, now)?.source ?? {};
    return kind === "catalog" || (kind === "own" && pattern !== null && /[^*]/.test(pattern ?? ""));
  }

  #found(by: FoundModels["by"], entries: readonly Entry[]): FoundModels {
    return { by, models: entries.map((entry) => this.#known(entry)) };
  }

  #list(provider: string): readonly Entry[] {
    let list = this.#lists.get(provider);
    if (list === undefined) {
      const { served, prices } = this.#options;
      const own = served.get(provider) ?? [];
      const ids = own.length > 0 ? own.map(({ id }) => id) : prices.models(provider);
      list = [...new Set(ids)].map((model) => ({ provider, model, name: readName(model) }));
      this.#lists.set(provider, list);
    }
    return list;
  }

  #known({ provider, model, name }: Entry): KnownModel {
    const { providers, prices, served, now } = this.#options;
    const settings = Object.hasOwn(providers, provider) ? providers[provider] : undefined;
    const priced = prices.lookUp(provider, model, now);
    const listed = served.get(provider)?.find(({ id }) => id === model);
    return {
      ...skillsOf(name),
      provider,
      model,
      family: name.family,
      contextWindowTokens: listed?.contextWindowTokens ?? prices.publishedWindow(provider, model),
      outputLimitTokens: prices.outputLimit(provider, model),
      rates: priced?.rates ?? null,
      costBasis: priced?.basis ?? "unpriced",
      priceVersion: priced?.version ?? null,
      hourlyRateUsd: settings?.pricing.kind === "compute-hour" ? settings.pricing.hourlyRateUsd : null,
    };
  }

  /** The snapshot that was asked for, where the provider's list names the model without its date. */
  #snapshot(entry: Entry, asked: ModelName): Entry {
    if (asked.date === null || entry.name.date !== null || entry.model !== entry.name.bare) {
      return entry;
    }
    const dated: Entry = { provider: entry.provider, model: asked.bare, name: asked };
    return this.#rates(dated) === null ? entry : dated;
  }

  /** What the model is known to cost: a default price says nothing of it. */
  #rates({ provider, model }: Entry): Rates | null {
    const { prices, now } = this.#options;
    const priced = prices.lookUp(provider, model, now);
    return priced === null || priced.basis === "default" ? null : priced.rates;
  }

  /**
   * The snapshot that was asked for, then the newest; of one version the plainest name, the one without a date, the latest
   * date; of several that are left the first configured provider's, and its cheapest.
   */
  #bestFirst(asked: ModelName): (a: Entry, b: Entry) => number {
    const extra = ({ name }: Entry) => name.words.size + name.sizes.size - asked.words.size - asked.sizes.size;
    const cost = (entry: Entry) => usualCost(this.#rates(entry));
    const isOther = ({ name }: Entry) => asked.date !== null && name.date !== asked.date;
    const place = ({ provider }: Entry) => this.providers.indexOf(provider);
    return (a, b) =>
      Number(isOther(a)) - Number(isOther(b)) ||
      compareVersions(b.name.version, a.name.version) ||
      extra(a) - extra(b) ||
      Number(a.name.date !== null) - Number(b.name.date !== null) ||
      (b.name.date ?? "").localeCompare(a.name.date ?? "") ||
      place(a) - place(b) ||
      compare(cost(a), cost(b));
  }
}

/** What a usual call costs, in nano-USD; infinite where no price is known, so that the unknown comes last. */
export function usualCost(rates: Rates | null): number {
  return rates === null ? Number.POSITIVE_INFINITY : costOf({ ...NO_USAGE, ...USUAL_CALL }, rates);
}

/** Infinity equals itself, which its difference does not say. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
