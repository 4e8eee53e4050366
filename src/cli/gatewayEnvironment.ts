import type { ApiClient } from "../client/apiClient.ts";
import { planEnvironment, toolVariables } from "../client/toolEnvironment.ts";
import type { PassWish } from "../domain/passApi.ts";
import { note } from "./output.ts";

/** The variables that send tools through the gateway under a caller's pass; what the user has to know goes to stderr. */
export async function gatewayEnvironment(
  api: ApiClient,
  wish: PassWish,
  options: { readonly ollama?: boolean | undefined },
): Promise<Record<string, string>> {
  const { providers } = await api.config();
  const plan = planEnvironment(process.env, providers, { ollama: options.ollama === true });
  const { urls } = await api.pass({ ...wish, upstreams: plan.upstreams });
  for (const line of plan.notes) {
    note(`tollgate: ${line}`);
  }
  return toolVariables(urls, process.env, plan.targets);
}
