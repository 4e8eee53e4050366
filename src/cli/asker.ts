import type { ApiClient } from "../client/apiClient.ts";
import { SidecarUnavailableError } from "../client/sidecarUnavailableError.ts";
import type { PassRequest, ProviderInfo } from "../domain/api.ts";
import type { Backend } from "../domain/backends/backendSettings.ts";
import { fallbackOrder } from "../domain/backends/fallbackOrder.ts";
import type { Call } from "../domain/call.ts";
import { providerSchema } from "../domain/config.ts";
import type { PromptRequest } from "../prompts/promptRequest.ts";
import type { FallbackPlan } from "../prompts/runWithFallback.ts";
import { chooseModel, isUsable, keyOf, type Wish } from "./chooseModel.ts";
import { CliError, UsageError } from "./exitCode.ts";

/** How long, in ms, to wait for a call to be booked. */
const BOOKED_LIMIT_MS = 3_000;

export interface AskerOptions {
  /** A sidecar that went away is started again, and may have another address. */
  readonly api: () => Promise<ApiClient>;
  readonly caller: Omit<PassRequest, "tags"> & { readonly tags?: string[] };
  /** Whether others take over where a backend is down or busy. */
  readonly fallback: boolean;
}

/** A backend that prompts are meant for. */
export interface Target extends Backend {
  /** Whether it was asked for by a tier's name, or not at all: then a budget's rule can send prompts elsewhere. */
  readonly byTier: boolean;
}

export type Wanted = Pick<PromptRequest, "system" | "messages" | "maxOutputTokens" | "timeoutMs" | "requestType">;

/** A prompt's way through its backends, and the budget's rule that has changed where it goes. */
export interface AskPlan extends FallbackPlan {
  readonly switched: { readonly budget: string; readonly share: number } | null;
}

/** Asks prompts as one caller, with the keys of the environment. */
export class Asker {
  readonly #options: AskerOptions;
  readonly #providers: readonly ProviderInfo[];
  #urls: Readonly<Record<string, string>>;

  private constructor(
    options: AskerOptions,
    providers: readonly ProviderInfo[],
    urls: Readonly<Record<string, string>>,
  ) {
    this.#options = options;
    this.#providers = providers;
    this.#urls = urls;
  }

  static async make(options: AskerOptions): Promise<Asker> {
    const api = await options.api();
    const [providers, { urls }] = await Promise.all([api.providers(), api.pass(options.caller)]);
    return new Asker(options, providers, urls);
  }

  /** The backend that is meant. @throws UsageError */
  async target(wish: Wish): Promise<Target> {
    const api = await this.#options.api();
    const { provider, model, byTier = false } = await chooseModel(api, wish);
    return { provider: provider.name, model: model ?? (await this.#firstModel(provider)), byTier };
  }

  /** Whether the key of a backend's provider is at hand, or it needs none. */
  isUsable({ provider }: Backend): boolean {
    const info = this.#providers.find(({ name }) => name === provider);
    return info !== undefined && isUsable(info);
  }

  /** How one prompt is asked now: who failed not long ago is passed over. */
  async plan({ provider, model, byTier }: Target, wanted: Wanted): Promise<AskPlan> {
    const { caller, fallback } = this.#options;
    const api = await this.#options.api();
    const meant = { provider, model };
    const route = byTier ? await api.backends.route({ ...meant, caller }) : null;
    // A backend without a key is no help, however cheap.
    const standsInFor = route !== null && this.isUsable(route.backend) ? route.standsInFor : null;
    const wantedBackend = route === null || standsInFor === null ? meant : route.backend;
    const view = await api.backends.view();
    const others = view.fallback.filter((backend) => this.#providers.some(({ name }) => name === backend.provider));
    return {
      switched: standsInFor === null ? null : { budget: standsInFor.budget ?? "", share: route?.share ?? 0 },
      wanted: wantedBackend,
      order: fallback ? fallbackOrder(wantedBackend, others, view.cooling, Date.now()) : [wantedBackend],
      requestFor: (backend) => ({
        ...this.#request(backend, wanted),
        ...(standsInFor === null ? {} : { standsInFor }),
      }),
      failed: (backend, error) => {
        // What cannot be noted is tried again the next time.
        void api.backends.failed({ ...backend, why: error.message.slice(0, 1_000) }).catch(() => {});
      },
    };
  }

  /** A call once it is booked; null where that takes too long. */
  async bookedCall(id: string | null): Promise<Call | null> {
    try {
      return id === null ? null : await (await this.#options.api()).call(id, BOOKED_LIMIT_MS);
    } catch (error) {
      if (error instanceof SidecarUnavailableError) {
        return null;
      }
      throw error;
    }
  }

  #request({ provider, model }: Backend, wanted: Wanted): PromptRequest {
    const info = this.#providers.find(({ name }) => name === provider);
    if (info === undefined || this.#urls[provider] === undefined) {
      throw new CliError(`The sidecar gave no address for ${provider}`);
    }
    return {
      ...wanted,
      provider,
      protocol: providerSchema.shape.protocol.parse(info.protocol),
      model,
      baseUrl: () => this.#urlOf(provider),
      key: keyOf(info),
    };
  }

  async #urlOf(provider: string): Promise<string> {
    const api = await this.#options.api();
    this.#urls = (await api.pass(this.#options.caller)).urls;
    return this.#urls[provider] as string;
  }

  /** The first that is known of a provider, else what a server of the OpenAI protocol says it serves. */
  async #firstModel({ name, models, protocol }: ProviderInfo): Promise<string> {
    const info = this.#providers.find((one) => one.name === name);
    if (models[0] !== undefined) {
      return models[0];
    }
    if (protocol === "openai" && info !== undefined) {
      const { OpenAI } = await import("openai");
      const client = new OpenAI({
        apiKey: keyOf(info) ?? "none",
        baseURL: this.#urls[name] ?? "",
        maxRetries: 0,
        timeout: 10_000,
        logLevel: "off",
      });
      const served = await client.models.list().catch(() => null);
      const first = served?.data?.[0]?.id;
      if (first !== undefined) {
        return first;
      }
    }
    throw new UsageError(`--model: no model of ${name} is known; say which`);
  }
}
