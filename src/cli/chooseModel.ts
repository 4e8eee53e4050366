import type { ApiClient } from "../client/apiClient.ts";
import { ApiError } from "../client/apiError.ts";
import type { ProviderInfo } from "../domain/api.ts";
import type { Backends } from "../domain/backends/backendApi.ts";
import { type Backend, backendInWords, USUAL_TIERS } from "../domain/backends/backendSettings.ts";
import type { ModelDetail } from "../domain/modelApi.ts";
import { UsageError } from "./exitCode.ts";

/** Where a prompt is to go. `model` is undefined where nobody said which. */
export interface Choice {
  readonly provider: ProviderInfo;
  readonly model: string | undefined;
  /** Whether the model was asked for by a tier's name, or not at all. */
  readonly byTier?: boolean;
}

export interface Wish {
  readonly provider?: string;
  readonly model?: string;
}

const KEY_VARIABLES: Readonly<Record<string, string>> = { openai: "OPENAI_API_KEY", anthropic: "ANTHROPIC_API_KEY" };

/** Keys belong to the provider they were given for: one is not sent to another that merely speaks its protocol. */
export function keyOf({ name }: ProviderInfo): string | null {
  const variable = Object.hasOwn(KEY_VARIABLES, name)
    ? KEY_VARIABLES[name]
    : `${name.toUpperCase().replace(/[^A-Z0-9]/g, "_")}_API_KEY`;
  const key = variable === undefined ? undefined : process.env[variable]?.trim();
  return key === undefined || key === "" ? null : key;
}

/**
 * The provider and model that are meant: the default backend, or what a tier stands for; else a model by its own name or by
 * an alias, at the first provider that has it and
 * whose key is set (or that needs none). A name that means nothing is left to the provider that was named with it.
 * @throws UsageError
 */
export async function chooseModel(api: ApiClient, wish: Wish): Promise<Choice> {
  const [providers, backends] = await Promise.all([api.providers(), api.backends.view()]);
  const names = providers.map(({ name }) => name).join(", ");
  const named = providers.find(({ name }) => name === wish.provider);
  if (wish.provider !== undefined && named === undefined) {
    throw new UsageError(`--provider: no provider is named ${wish.provider}. Known: ${names}`);
  }
  const backend = backendMeant(backends, wish);
  if (backend !== null) {
    const provider = providers.find(({ name }) => name === backend.provider);
    if (provider === undefined) {
      throw new UsageError(
        `--model: ${backendInWords(backend)} is meant, and no provider is named ${backend.provider}`,
      );
    }
    return { provider, model: backend.model, byTier: true };
  }
  if (wish.model === undefined) {
    const usable = named ?? providers.find((one) => keyOf(one) !== null) ?? providers[0];
    if (usable === undefined) {
      throw new UsageError("--provider: no provider is configured");
    }
    return { provider: usable, model: undefined };
  }
  const found = await meaning(api, wish.model, wish.provider);
  const places = found === null ? [] : [found, ...found.others];
  const offered = places.flatMap(({ provider, model }) => {
    const info = providers.find(({ name }) => name === provider);
    return info === undefined ? [] : [{ provider: info, model }];
  });
  const chosen = offered.find(({ provider }) => isUsable(provider)) ?? offered[0];
  if (chosen !== undefined) {
    return { ...chosen, byTier: USUAL_TIERS.includes(wish.model) };
  }
  if (named === undefined) {
    throw new UsageError(`--provider: say which of ${names} serves ${wish.model}`);
  }
  return { provider: named, model: wish.model };
}

/** What the user has said that a tier stands for, or where prompts go by default; null where it is for us to choose. */
function backendMeant({ default: main, tiers }: Backends, { provider, model }: Wish): Backend | null {
  if (model === undefined) {
    return provider === undefined || provider === main?.provider ? main : null;
  }
  const tier = tiers.find(({ name, configured }) => configured && name === model)?.backend;
  return tier !== undefined && (provider === undefined || provider === tier.provider) ? tier : null;
}

/** Whether a provider can be asked: its key is set, or it needs none. */
export function isUsable(provider: ProviderInfo): boolean {
  return keyOf(provider) !== null || provider.pricing === "free" || provider.pricing === "compute-hour";
}

async function meaning(api: ApiClient, model: string, provider: string | undefined): Promise<ModelDetail | null> {
  try {
    return await api.model(model, provider);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) {
      return null;
    }
    throw error;
  }
}
