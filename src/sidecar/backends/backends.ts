import type { z } from "zod";
import type {
  Backends as BackendsView,
  CheckedBackend,
  failedRequestSchema,
  Route,
  routeRequestSchema,
  switchRequestSchema,
} from "../../domain/backends/backendApi.ts";
import {
  type Backend,
  type BackendSettings,
  backendInWords,
  isSameBackend,
  tierOf,
  USUAL_TIERS,
} from "../../domain/backends/backendSettings.ts";
import type { Checked, RecordedSwitch } from "../../domain/backends/backendSwitch.ts";
import type { Provider } from "../../domain/config.ts";
import type { ModelRegistry } from "../../domain/models/registry.ts";
import type { BookReader } from "../../ledger/bookReader.ts";
import { HttpError } from "../api/http.ts";
import type { Upstream } from "../gateway/upstream.ts";
import { LinkError, type Links } from "../links.ts";
import type { Models } from "../models.ts";
import type { Settings } from "../settings.ts";
import type { BudgetSwitches } from "./budgetSwitches.ts";
import { checkBackend } from "./checkBackend.ts";
import { CoolingOff } from "./coolingOff.ts";
import type { FailureLog } from "./failureLog.ts";

export interface BackendsOptions {
  readonly settings: Settings;
  readonly models: Models;
  readonly links: Links;
  readonly failures: FailureLog;
  readonly switches: BudgetSwitches;
  readonly books: Pick<BookReader, "switches">;
  readonly upstream: Upstream;
  readonly now: () => number;
}

type Keys = Readonly<Record<string, string>>;

/** Where prompts go: what names stand for, whether it works, and its switching, which is recorded. */
export class Backends {
  readonly #options: BackendsOptions;
  readonly #cooling: CoolingOff;

  constructor(options: BackendsOptions) {
    this.#options = options;
    this.#cooling = new CoolingOff(options.now);
  }

  /** Has a backend passed over for a while: prompts to it failed after all retries. */
  failed({ provider, model, why }: z.output<typeof failedRequestSchema>): void {
    this.#cooling.add({ provider, model }, why, this.#options.settings.config.backends.coolOffMs);
  }

  async view(): Promise<BackendsView> {
    const { backends } = this.#options.settings.config;
    const registry = await this.#options.models.registry();
    const configured = Object.entries(backends.tiers).map(([name, backend]) => ({ name, backend, configured: true }));
    const usual = USUAL_TIERS.flatMap((name) => {
      const backend = tierOf(backends, name) === undefined ? this.#meant(registry, name) : undefined;
      return backend === undefined ? [] : [{ name, backend, configured: false }];
    });
    const tiers = [...configured, ...usual];
    const fallback = backends.fallback.flatMap((entry) => {
      const backend = typeof entry === "string" ? tiers.find(({ name }) => name === entry)?.backend : entry;
      return backend === undefined ? [] : [backend];
    });
    const { default: main, coolOffMs } = backends;
    return { default: main, tiers, fallback, coolOffMs, cooling: this.#cooling.all };
  }

  /** Every provider, and every backend that a name stands for, as they answer now. Each provider is asked once. */
  async check(keys: Keys): Promise<CheckedBackend[]> {
    const view = await this.view();
    const rows = rolesOf(view);
    const { providers } = this.#options.settings.config;
    const bare = Object.keys(providers).filter((name) => !rows.some(({ backend }) => backend.provider === name));
    const all = [
      ...rows.map(({ backend, roles }) => ({ ...backend, roles })),
      ...bare.map((provider) => ({ provider, model: null, roles: [] })),
    ];
    return Promise.all(
      all.map(async ({ provider, model, roles }) => ({
        provider,
        model,
        roles,
        ...(await this.#check(provider, model, keys)),
        lastError: this.#options.failures.lastOf(provider),
      })),
    );
  }

  /** @throws HttpError where the name means nothing, or what it means does not work and that was not to be overlooked. */
  async switch(wanted: z.output<typeof switchRequestSchema>): Promise<RecordedSwitch> {
    const { settings, failures, now } = this.#options;
    const { name, tier, keys, skipHealthCheck, by, why } = wanted;
    const to = await this.#find(name, keys);
    const checked = skipHealthCheck ? null : await this.#check(to.provider, to.model, keys);
    if (checked !== null && checked.state !== "ok") {
      const at = new Date(now()).toISOString();
      const failure = { backend: to.provider, model: to.model, errorType: checked.state, message: checked.detail };
      failures.write({ at, event: "backend.sick", ...failure, retryCount: 0, callId: null, httpStatus: null });
      throw new HttpError(409, "backend_sick", `${backendInWords(to)} was not switched to: ${checked.detail}`);
    }
    this.#cooling.end(to);
    return settings.switchBackend({ tier, to, why, checked }, by);
  }

  /** Where a prompt goes that names a tier: elsewhere once a budget is spent so far. */
  route({ provider, model, caller }: z.output<typeof routeRequestSchema>): Route {
    const found = this.#options.switches.for({ provider, model, ...caller }, this.#options.now());
    return found === null
      ? { backend: { provider, model }, standsInFor: null, share: null }
      : {
          backend: found.backend,
          standsInFor: { provider, model, why: "budget", budget: found.budget },
          share: found.share,
        };
  }

  /** Says who takes over, in this order. @throws HttpError where a name means nothing. */
  async setFallback(names: readonly string[], by: string): Promise<BackendsView> {
    const { settings } = this.#options;
    const { backends } = settings.config;
    const fallback: BackendSettings["fallback"] = [];
    for (const name of names) {
      fallback.push(tierOf(backends, name) === undefined ? await this.#find(name, {}) : name);
    }
    await settings.patch({ backends: { ...backends, fallback } }, by);
    return this.view();
  }

  /** Takes away what the user has said that a tier stands for. @throws HttpError where nobody has said anything. */
  async removeTier(name: string, by: string): Promise<BackendsView> {
    if (!(await this.#options.settings.removeTier(name, by))) {
      throw new HttpError(404, "not_found", `No tier of yours is named ${name}`);
    }
    return this.view();
  }

  log(limit: number): RecordedSwitch[] {
    return this.#options.books.switches(limit);
  }

  async #check(name: string, model: string | null, keys: Keys): Promise<Checked> {
    const { settings, links, upstream } = this.#options;
    const { providers, backends } = settings.config;
    const provider = Object.hasOwn(providers, name) ? (providers[name] as Provider) : undefined;
    if (provider === undefined) {
      return { state: "down", latencyMs: null, detail: `no provider is named ${name}` };
    }
    const key = Object.hasOwn(keys, name) && keys[name] !== "" ? (keys[name] as string) : null;
    try {
      const link = links.of(name, provider);
      return await checkBackend({ provider, key, model, link, limitMs: backends.healthLimitMs }, upstream);
    } catch (error) {
      if (error instanceof LinkError) {
        return { state: "down", latencyMs: null, detail: error.message };
      }
      throw error;
    }
  }

  /** What a name means: a tier, a provider, a provider and a model, or a model by any usual name. @throws HttpError */
  async #find(name: string, keys: Keys): Promise<Backend> {
    const { providers, backends } = this.#options.settings.config;
    const tier = tierOf(backends, name);
    if (tier !== undefined) {
      return tier;
    }
    const registry = await this.#options.models.registry();
    const [, prefix = "", rest = ""] = /^([^/]+)\/(.+)$/s.exec(name) ?? [];
    if (Object.hasOwn(providers, prefix)) {
      // A name that nobody knows goes to the provider as it is.
      const found = registry.find(rest, prefix)?.models[0];
      return { provider: prefix, model: found?.model ?? rest };
    }
    if (Object.hasOwn(providers, name)) {
      return { provider: name, model: this.#modelOf(registry, name) };
    }
    const meant = this.#meant(registry, name, keys);
    if (meant === undefined) {
      const known = [...Object.keys(backends.tiers), ...Object.keys(providers)].join(", ");
      throw new HttpError(404, "not_found", `Nothing is named ${name}. Known: ${known}, and PROVIDER/MODEL`);
    }
    return meant;
  }

  /** A model by its usual name, at the first provider whose key is at hand or that needs none, else at the first. */
  #meant(registry: ModelRegistry, name: string, keys: Keys = {}): Backend | undefined {
    const { providers } = this.#options.settings.config;
    const models = registry.find(name)?.models ?? [];
    const isUsable = (provider: string) =>
      Object.hasOwn(keys, provider) || ["free", "compute-hour"].includes(providers[provider]?.pricing.kind ?? "");
    const found = models.find(({ provider }) => isUsable(provider)) ?? models[0];
    return found === undefined ? undefined : { provider: found.provider, model: found.model };
  }

  /** The model that is meant where only its provider is named. @throws HttpError where nobody can tell. */
  #modelOf(registry: ModelRegistry, provider: string): string {
    const { backends } = this.#options.settings.config;
    const named = [backends.default, ...Object.values(backends.tiers)].filter((one) => one?.provider === provider);
    const [first] = named;
    if (first !== undefined && first !== null) {
      return first.model;
    }
    const models = registry.all({ provider });
    const [only] = models;
    if (only === undefined || models.length > 1) {
      const example = only === undefined ? "" : `, such as ${provider}/${only.model}`;
      throw new HttpError(400, "invalid_request", `Say which model of ${provider} is meant${example}`);
    }
    return only.model;
  }
}

/** Backends that names stand for, each once, with all its names. */
export function rolesOf(view: BackendsView): Array<{ backend: Backend; roles: string[] }> {
  const rows: Array<{ backend: Backend; roles: string[] }> = [];
  const add = (backend: Backend, role: string) => {
    const row = rows.find((one) => isSameBackend(one.backend, backend));
    if (row === undefined) {
      rows.push({ backend, roles: [role] });
    } else {
      row.roles.push(role);
    }
  };
  if (view.default !== null) {
    add(view.default, "default");
  }
  for (const { name, backend } of view.tiers) {
    add(backend, name);
  }
  for (const [index, backend] of view.fallback.entries()) {
    add(backend, `fallback ${index + 1}`);
  }
  return rows;
}
