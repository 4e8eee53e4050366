import type { ApiClient } from "../../client/apiClient.ts";
import { Asker, type AskingCaller } from "../../prompts/asker.ts";
import { keyIsOptional } from "../keys/apiKeys.ts";
import type { Services } from "../services.ts";

/** Asks prompts with the keys of this VS Code. */
export function askerOf(
  { keys }: Pick<Services, "keys">,
  api: () => Promise<ApiClient>,
  caller: AskingCaller,
): Promise<Asker> {
  const keyOf = async (provider: { readonly name: string }) => (await keys.find(provider.name))?.key ?? null;
  return Asker.make({
    api,
    caller,
    fallback: true,
    keyOf,
    isUsable: async (provider) => keyIsOptional(provider) || (await keyOf(provider)) !== null,
    keyIsRequired: (provider) => !keyIsOptional(provider),
  });
}
