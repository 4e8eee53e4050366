import type { z } from "zod";
import {
  type Backends,
  backendsSchema,
  type CheckedBackend,
  checkedBackendsSchema,
  type FailedRequest,
  type Route,
  type RouteRequest,
  routeSchema,
  type SwitchRequest,
  switchLogSchema,
} from "../domain/backends/backendApi.ts";
import { type RecordedSwitch, recordedSwitchSchema } from "../domain/backends/backendSwitch.ts";
import type { ApiCall } from "./apiTransport.ts";

/** A check waits for as long as backends may take. */
const CHECK_LIMIT_MS = 90_000;

type Send = <T extends z.ZodType>(schema: T, call: ApiCall) => Promise<z.output<T>>;

/** Backends, one method a route. Keys are used for the one question and kept nowhere. */
export class BackendsApi {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  /** Where prompts go by default, what tiers stand for, and who takes over. */
  view(): Promise<Backends> {
    return this.#send(backendsSchema, { method: "GET", path: "/backends" });
  }

  /** How every backend answers now. */
  async check(keys: Readonly<Record<string, string>>): Promise<CheckedBackend[]> {
    const call = { method: "POST", path: "/backends/check", body: { keys }, timeLimitMs: CHECK_LIMIT_MS } as const;
    return (await this.#send(checkedBackendsSchema, call)).backends;
  }

  /** @throws ApiError with the code `backend_sick` and the reason, where it does not work. */
  switch(request: SwitchRequest): Promise<RecordedSwitch> {
    const call = { method: "POST", path: "/backends/switch", body: request, timeLimitMs: CHECK_LIMIT_MS } as const;
    return this.#send(recordedSwitchSchema, call);
  }

  /** Who switched what and why, newest first: at most `limit` switches (default 50, at most 1000). */
  async log(limit?: number): Promise<RecordedSwitch[]> {
    const query = { limit };
    return (await this.#send(switchLogSchema, { method: "GET", path: "/backends/log", query })).switches;
  }

  /** Where a prompt goes that was asked of a backend under a tier's name: elsewhere once a budget is spent so far. */
  route(request: RouteRequest): Promise<Route> {
    return this.#send(routeSchema, { method: "POST", path: "/backends/route", body: request });
  }

  /** Says that a backend is down or busy after all retries: prompts pass it over for a while. */
  failed(request: FailedRequest): Promise<Backends> {
    return this.#send(backendsSchema, { method: "POST", path: "/backends/failed", body: request });
  }

  /** Takes away what a tier stands for. @throws ApiError where nobody has said what it stands for */
  removeTier(name: string, by: string): Promise<Backends> {
    const path = `/backends/${encodeURIComponent(name)}`;
    return this.#send(backendsSchema, { method: "DELETE", path, query: { by } });
  }

  /** Says who takes over, in this order: tiers, or provider and model. */
  async setFallback(names: readonly string[], by: string): Promise<Backends> {
    return this.#send(backendsSchema, { method: "PUT", path: "/backends/fallback", body: { names, by } });
  }
}
