import type { ApiClient } from "../client/apiClient.ts";
import { SidecarUnavailableError } from "../client/sidecarUnavailableError.ts";
import type { PassRequest, ProviderInfo } from "../domain/api.ts";
import type { Backend } from "../domain/backends/backendSettings.ts";
import { fallbackOrder } from "../domain/backends/fallbackOrder.ts";
import type { Call } from "../domain/call.ts";
import { providerSchema } from "../domain/config.ts";
import type { PromptRequest } from "./promptRequest.ts";
import type { FallbackPlan } from "./runWithFallback.ts";

/** How long, in ms, to wait for a call to be booked. */
const BOOKED_LIMIT_MS = 3_000;

/** Who makes the calls. */
export type AskingCaller = Omit<PassRequest, "tags"> & { readonly tags?: string[] };

export interface AskerOptions {
  /** A sidecar that went away is started again, and may have another address. */
  readonly api: () => Promise<ApiClient>;
  readonly caller: AskingCaller;
  /** Whether others take over where a backend is down or busy. */
  readonly fallback: boolean;
  /** The provider's API key; null where there is none. */
  keyOf(provider: ProviderInfo): string | null | Promise<string | null>;
  /** Whether a provider can be asked: its key is at hand, or it needs none. */
  isUsable(provider: ProviderInfo): boolean | Promise<boolean>;
  /** Whether a prompt without a key fails at once; absent: as `PromptRequest.keyRequired` has it. */
  keyIsRequired?(provider: ProviderInfo): boolean;
}

/** A backend that prompts are meant for. */
export interface Target extends Backend {
  /** Whether it was asked for by a tier's name, or not at all: then a budget's rule can send prompts elsewhere. */
  readonly byTier: boolean;
}

export type Wanted = Pick<PromptRequest, "system" | "messages" | "maxOutputTokens" | "timeoutMs" | "requestType">;

/** A prompt's way through its backends. */
export interface AskPlan extends FallbackPlan {
  /** The budget whose rule has changed where it goes, and how much of that is spent, 0 to 1. */
  readonly switched: { readonly budget: string; readonly share: number } | null;
}

/** A provider that is not there, or that the sidecar leads nowhere. The message is for people. */
export class UnknownProviderError extends Error {
  override readonly name = "UnknownProviderError";

  constructor(provider: string) {
    super(`There is no provider named ${provider}`);
  }
}

/** Asks prompts as one caller. */
export class Asker {
  readonly #options: AskerOptions;
  readonly providers: readonly ProviderInfo[];

  private constructor(options: AskerOptions, providers: readonly ProviderInfo[]) {
    this.#options = options;
    this.providers = providers;
  }

  static async make(options: AskerOptions): Promise<Asker> {
    return new Asker(options, await (await options.api()).providers());
  }

  /** How one prompt is asked now: who failed not long ago is passed over. */
  async plan({ provider, model, byTier }: Target, wanted: Wanted): Promise<AskPlan> {
    const { caller, fallback } = this.#options;
    const api = await this.#options.api();
    const meant = { provider, model };
    const route = byTier ? await api.backends.route({ ...meant, caller }) : null;
    // A backend without a key is no help, however cheap.
    const isUsable = route !== null && (await this.#options.isUsable(this.#infoOf(route.backend.provider)));
    const standsInFor = isUsable ? route.standsInFor : null;
    const wantedBackend = route === null || standsInFor === null ? meant : route.backend;
    const view = await api.backends.view();
    const others = view.fallback.filter((backend) => this.providers.some(({ name }) => name === backend.provider));
    return {
      switched: standsInFor === null ? null : { budget: standsInFor.budget ?? "", share: route?.share ?? 0 },
      wanted: wantedBackend,
      order: fallback ? fallbackOrder(wantedBackend, others, view.cooling, Date.now()) : [wantedBackend],
      requestFor: async (backend) => ({
        ...(await this.#request(backend, wanted)),
        ...(standsInFor === null ? {} : { standsInFor }),
      }),
      failed: (backend, error) => {
        // What cannot be noted is tried again the next time.
        void api.backends.failed({ ...backend, why: error.message.slice(0, 1_000) }).catch(() => {});
      },
    };
  }

  /** The provider's base URL of the caller's pass. @throws UnknownProviderError */
  async urlOf(provider: string): Promise<string> {
    const { urls } = await (await this.#options.api()).pass(this.#options.caller);
    const url = urls[provider];
    if (url === undefined) {
      throw new UnknownProviderError(provider);
    }
    return url;
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

  async #request({ provider, model }: Backend, wanted: Wanted): Promise<PromptRequest> {
    const { keyOf, keyIsRequired } = this.#options;
    const info = this.#infoOf(provider);
    return {
      ...wanted,
      provider,
      protocol: providerSchema.shape.protocol.parse(info.protocol),
      model,
      baseUrl: () => this.urlOf(provider),
      key: await keyOf(info),
      ...(keyIsRequired === undefined ? {} : { keyRequired: keyIsRequired(info) }),
    };
  }

  #infoOf(provider: string): ProviderInfo {
    const info = this.providers.find(({ name }) => name === provider);
    if (info === undefined) {
      throw new UnknownProviderError(provider);
    }
    return info;
  }
}
