import { wildcardMatches } from "../../domain/budget.ts";
import {
  type PriceList,
  type PriceRow,
  setPriceRequestSchema,
  updatePricesRequestSchema,
} from "../../domain/priceApi.ts";
import type { PriceBook } from "../../domain/priceBook.ts";
import { CatalogError } from "../../domain/prices/catalogData.ts";
import { PriceSourceError } from "../prices/priceSource.ts";
import { NothingHeldBackError, type PublishedPrices } from "../prices/publishedPrices.ts";
import type { Settings } from "../settings.ts";
import { type ApiRequest, HttpError, readJson } from "./http.ts";

export interface PriceRoutesOptions {
  readonly settings: Settings;
  readonly published: PublishedPrices;
  readonly now: () => number;
}

/** What concerns prices below `/api/v1/`. */
export function priceRoutes(options: PriceRoutesOptions): Record<string, (request: ApiRequest) => unknown> {
  const { settings, published, now } = options;
  return {
    "GET prices": ({ query }) => listPrices(settings, query, now()),
    "GET prices update": () => published.state(),
    "POST prices update": async (request) => {
      const wanted = await readJson(request, updatePricesRequestSchema);
      return published.update(wanted).catch((error: unknown) => {
        throw asHttpError(error);
      });
    },
    "GET prices * *": ({ segments: [, provider = "", model = ""] }) => {
      mustKnow(settings, provider);
      return rowOf(settings.prices, provider, model, now());
    },
    "PUT prices": async (request) => {
      const { price, by } = await readJson(request, setPriceRequestSchema);
      if (!price.provider.includes("*")) {
        mustKnow(settings, price.provider);
      }
      const { prices } = await settings.setPrice(price, by);
      return { price, prices };
    },
    "DELETE prices * *": async ({ segments: [, provider = "", model = ""], query }) => {
      const from = query.get("from");
      const wanted = { provider, model, ...(from === null ? {} : { from }) };
      const removed = await settings.removePrices(wanted, query.get("by") ?? "api");
      if (removed.length === 0) {
        throw new HttpError(
          404,
          "not_found",
          `There is no price of your own for ${provider}/${model}${from === null ? "" : ` from ${from}`}`,
        );
      }
      return { removed };
    },
  };
}

/** Every model with an entry, and the patterns of the user's own; `model` is a part of a name, or a pattern with `*`. */
function listPrices({ config, prices }: Settings, query: URLSearchParams, now: number): PriceList {
  const provider = query.get("provider") ?? "";
  const model = query.get("model") ?? "";
  const isWanted = (name: string) =>
    model.includes("*") ? wildcardMatches(model, name) : name.toLowerCase().includes(model.toLowerCase());
  const names = Object.keys(config.providers).filter((name) => provider === "" || name === provider);
  if (provider !== "" && names.length === 0) {
    throw noProvider(provider);
  }
  const rows = names.flatMap((name) =>
    prices
      .allModels(name)
      .filter(isWanted)
      .map((one) => rowOf(prices, name, one, now)),
  );
  return { version: prices.version, prices: rows };
}

function rowOf(prices: PriceBook, provider: string, model: string, now: number): PriceRow {
  const quote = prices.quote(provider, model, now);
  if (quote === null) {
    return { provider, model, basis: "unpriced", version: null, rates: null, tiers: [], source: null };
  }
  const [ordinary, ...longer] = quote.tiers;
  const { basis, version, source } = quote;
  return { provider, model, basis, version, rates: ordinary?.rates ?? null, tiers: longer, source };
}

function mustKnow({ config }: Settings, provider: string): void {
  if (!Object.hasOwn(config.providers, provider)) {
    throw noProvider(provider);
  }
}

function noProvider(name: string): HttpError {
  return new HttpError(404, "not_found", `No provider is named ${name}`);
}

function asHttpError(error: unknown): unknown {
  if (error instanceof NothingHeldBackError) {
    return new HttpError(409, "not_held_back", error.message);
  }
  if (error instanceof PriceSourceError) {
    return new HttpError(502, "prices_unreachable", error.message);
  }
  return error instanceof CatalogError ? new HttpError(502, "prices_unusable", error.message) : error;
}
