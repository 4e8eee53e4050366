import type { ApiClient } from "../client/apiClient.ts";
import type { ProviderInfo } from "../domain/api.ts";
import { Asker, type AskingCaller, type Target } from "../prompts/asker.ts";
import { chooseModel, isUsable, keyOf, type Wish } from "./chooseModel.ts";
import { UsageError } from "./exitCode.ts";

export interface CliAskerOptions {
  readonly api: () => Promise<ApiClient>;
  readonly caller: AskingCaller;
  readonly fallback: boolean;
}

/** Asks prompts with the keys of the environment. */
export function cliAsker(options: CliAskerOptions): Promise<Asker> {
  return Asker.make({ ...options, keyOf, isUsable });
}

/** The backend that is meant. @throws UsageError */
export async function targetOf(api: ApiClient, asker: Asker, wish: Wish): Promise<Target> {
  const { provider, model, byTier = false } = await chooseModel(api, wish);
  return { provider: provider.name, model: model ?? (await firstModel(asker, provider)), byTier };
}

/** The first that is known of a provider, else what a server of the OpenAI protocol says it serves. */
async function firstModel(asker: Asker, provider: ProviderInfo): Promise<string> {
  const { name, models, protocol } = provider;
  if (models[0] !== undefined) {
    return models[0];
  }
  if (protocol === "openai") {
    const { OpenAI } = await import("openai");
    const client = new OpenAI({
      apiKey: keyOf(provider) ?? "none",
      baseURL: await asker.urlOf(name),
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
