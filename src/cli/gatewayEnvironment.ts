import type { ApiClient } from "../client/apiClient.ts";
import { gatewayVariables } from "../client/gatewayVariables.ts";
import { type EnvironmentNote, USUAL_VARIABLES } from "../client/toolEnvironment.ts";
import type { PassWish } from "../domain/passApi.ts";
import { note } from "./output.ts";

/** The variables that send tools through the gateway under a caller's pass; what the user has to know goes to stderr. */
export async function gatewayEnvironment(
  api: ApiClient,
  wish: PassWish,
  options: { readonly ollama?: boolean | undefined },
): Promise<Readonly<Record<string, string>>> {
  const wanted = options.ollama === true ? ([...USUAL_VARIABLES, "OLLAMA_HOST"] as const) : USUAL_VARIABLES;
  const { variables, notes } = await gatewayVariables(api, process.env, wish, wanted);
  for (const one of notes) {
    note(`tollgate: ${inWords(one)}`);
  }
  return variables;
}

const HOW = 'For a provider with a name and prices of its own, add it to "providers" in the configuration.';

function inWords({ kind, variable, provider, address }: EnvironmentNote): string {
  switch (kind) {
    case "left":
      return `${variable} is left as it is, and its calls are not metered: no provider is named ${provider}.`;
    case "unusable":
      return `${variable} is replaced: what it held is no http:// or https:// address that a provider can have. ${HOW}`;
    case "second":
      return `${variable} (${address}) is replaced: ${provider} can lead to one address only. ${HOW}`;
    case "led":
      return `${variable} was ${address}: calls go on to there, at the prices of ${provider}. ${HOW}`;
  }
}
