import type { z } from "zod";
import type { Model, ModelDetail, modelQuerySchema } from "../domain/modelApi.ts";
import { cheapestFor } from "../domain/models/cheapest.ts";
import { type FoundModels, type KnownModel, ModelRegistry, USUAL_CALL } from "../domain/models/registry.ts";
import { type Calendar, windowAt } from "../domain/window.ts";
import type { BookReader } from "../ledger/bookReader.ts";
import { HttpError } from "./api/http.ts";
import type { Learned } from "./learned.ts";
import type { Settings } from "./settings.ts";

/** How many models are meant where nobody says which. */
const MOST_USED = 3;

export interface ModelsOptions {
  readonly settings: Settings;
  readonly learned: Learned;
  readonly books: Pick<BookReader, "summary" | "callsPage">;
  readonly calendar: () => Calendar;
  readonly now: () => number;
}

/** The models of the configured providers, as the API tells of them. */
export class Models {
  readonly #options: ModelsOptions;

  constructor(options: ModelsOptions) {
    this.#options = options;
  }

  /** As it stands now: prices, providers and what servers list can change. */
  async registry(): Promise<ModelRegistry> {
    const { settings, now } = this.#options;
    const served = await settings.servedModels();
    return new ModelRegistry({ providers: settings.config.providers, prices: settings.prices, served, now: now() });
  }

  /** By provider, each one's cheapest first; where an ability or a kind of work is asked for, the cheapest of all first. */
  async list({ provider, ability, tier }: z.output<typeof modelQuerySchema>): Promise<Model[]> {
    const registry = await this.registry();
    this.#check(provider);
    const wanted = { abilities: ability, ...(tier === undefined ? {} : { tier }) };
    if (ability.length > 0 || tier !== undefined) {
      return this.#cheapestFirst(registry.all({ ...wanted, ...(provider === undefined ? {} : { provider }) }));
    }
    const providers = provider === undefined ? registry.providers : [provider];
    return providers.flatMap((name) => this.#cheapestFirst(registry.all({ provider: name })));
  }

  /** What a name means, and what calls have taught of it. @throws HttpError where it means nothing. */
  async show(asked: string, provider?: string): Promise<ModelDetail> {
    this.#check(provider);
    const { by, models } = this.find(await this.registry(), asked, provider);
    const [model, ...others] = models as [KnownModel, ...KnownModel[]];
    const { usual, errors } = this.#options.learned;
    return {
      ...modelOf(model),
      asked,
      by,
      rates: model.rates,
      usualOutput: {
        median: usual.median(model.provider, model.model),
        high: usual.high(model.provider, model.model),
      },
      estimateError: errors.of(model.provider, model.model),
      others: others.map((other) => ({ provider: other.provider, model: other.model })),
    };
  }

  /** @throws HttpError where the name means nothing. */
  find(registry: ModelRegistry, asked: string, provider?: string): FoundModels {
    const found = registry.find(asked, provider);
    if (found === null) {
      const whose = provider === undefined ? "No configured provider" : provider;
      throw new HttpError(404, "not_found", `${whose} has no model that ${asked} could mean`);
    }
    return found;
  }

  /**
   * The models with the most calls this month, else the one called last, else the provider's first. As they were served.
   * @throws HttpError where none has been called and no provider is named.
   */
  async mostUsed(registry: ModelRegistry, provider?: string): Promise<KnownModel[]> {
    this.#check(provider);
    const { books, calendar, now } = this.#options;
    const { start } = windowAt("month", now(), calendar());
    const { groups } = books.summary("model", start, null, calendar().timeZone);
    const used = groups
      .filter((group) => group.calls > 0 && group.key !== "" && this.#isConfigured(group.provider))
      .filter((group) => provider === undefined || group.provider === provider)
      .toSorted((a, b) => b.calls - a.calls)
      .slice(0, MOST_USED)
      .map((group) => registry.of(group.provider ?? "", group.key));
    if (used.length > 0) {
      return used;
    }
    const { calls } = books.callsPage(provider === undefined ? {} : { provider }, null, 1);
    const [last] = calls.filter((call) => call.model !== "" && this.#isConfigured(call.provider));
    if (last !== undefined) {
      return [registry.of(last.provider, last.model)];
    }
    const [first] = provider === undefined ? [] : registry.all({ provider });
    if (first === undefined) {
      throw new HttpError(400, "invalid_request", "No model has been called yet: say which one is meant");
    }
    return [first];
  }

  #isConfigured(provider: string | null): boolean {
    return provider !== null && Object.hasOwn(this.#options.settings.config.providers, provider);
  }

  #check(provider: string | undefined): void {
    if (provider !== undefined && !this.#isConfigured(provider)) {
      throw new HttpError(404, "not_found", `No provider is named ${provider}`);
    }
  }

  /** What has no price comes last, in its own order. */
  #cheapestFirst(models: readonly KnownModel[]): Model[] {
    const { settings, now } = this.#options;
    const offers = cheapestFor(USUAL_CALL, models, settings.prices, now()).map(({ model }) => model);
    return [...new Set([...offers, ...models])].map(modelOf);
  }
}

function modelOf({ rates, ...model }: KnownModel): Model {
  return {
    ...model,
    inputUsdPerMTok: usdPerMTok(rates?.input),
    cachedInputUsdPerMTok: usdPerMTok(rates?.cachedInput),
    outputUsdPerMTok: usdPerMTok(rates?.output),
  };
}

/** A pico-USD for one token is a micro-USD for a million. */
function usdPerMTok(rate: number | undefined): number | null {
  return rate === undefined ? null : rate / 1_000_000;
}
