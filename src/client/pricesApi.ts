import type { z } from "zod";
import type { Price, priceSchema } from "../domain/config.ts";
import {
  type PriceList,
  type PriceRow,
  type PricesState,
  type PriceUpdate,
  priceListSchema,
  priceRowSchema,
  pricesStateSchema,
  priceUpdateSchema,
  removedPricesSchema,
  setPriceResponseSchema,
  type UpdatePricesRequest,
} from "../domain/priceApi.ts";
import type { ApiCall } from "./apiTransport.ts";

/** An update asks a server on the network, which may take its time. */
const UPDATE_LIMIT_MS = 60_000;

type Send = <T extends z.ZodType>(schema: T, call: ApiCall) => Promise<z.output<T>>;

/** Prices, one method a route. `by` is who changes them, for the record. */
export class PricesApi {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  /** Of the configured providers; `model` is a part of a name, or a pattern with `*`. */
  list(query: { readonly provider?: string; readonly model?: string } = {}): Promise<PriceList> {
    return this.#send(priceListSchema, { method: "GET", path: "/prices", query });
  }

  /** What a model costs now, and where that comes from. */
  show(provider: string, model: string): Promise<PriceRow> {
    return this.#send(priceRowSchema, { method: "GET", path: pathOf(provider, model) });
  }

  /** Sets a price of the user's own, in place of the one for the same names and the same beginning. */
  async set(price: z.input<typeof priceSchema>, by: string): Promise<Price> {
    return (await this.#send(setPriceResponseSchema, { method: "PUT", path: "/prices", body: { price, by } })).price;
  }

  /** Takes out the user's own prices for exactly these names. @throws ApiError where there is none. */
  async remove(provider: string, model: string, by: string, from?: string): Promise<Price[]> {
    const call: ApiCall = { method: "DELETE", path: pathOf(provider, model), query: { by, from } };
    return (await this.#send(removedPricesSchema, call)).removed;
  }

  /** What the published prices rest on, and what of them is held back. */
  state(): Promise<PricesState> {
    return this.#send(pricesStateSchema, { method: "GET", path: "/prices/update" });
  }

  update(request: UpdatePricesRequest): Promise<PriceUpdate> {
    const call: ApiCall = { method: "POST", path: "/prices/update", body: request, timeLimitMs: UPDATE_LIMIT_MS };
    return this.#send(priceUpdateSchema, call);
  }
}

function pathOf(provider: string, model: string): string {
  return `/prices/${encodeURIComponent(provider)}/${encodeURIComponent(model)}`;
}
