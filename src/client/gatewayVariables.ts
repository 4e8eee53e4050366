import type { Environment } from "../domain/config.ts";
import type { PassWish } from "../domain/passApi.ts";
import type { ApiClient } from "./apiClient.ts";
import { type EnvironmentNote, planEnvironment, type ToolVariableName, toolVariables } from "./toolEnvironment.ts";

export interface GatewayVariables {
  readonly variables: Readonly<Record<string, string>>;
  readonly notes: readonly EnvironmentNote[];
}

/**
 * The variables that send the tools of an environment through the gateway, under a caller's pass, and what is to be said of
 * those that the user had set herself. @throws ApiError, SidecarUnavailableError
 */
export async function gatewayVariables(
  api: Pick<ApiClient, "config" | "pass">,
  environment: Environment,
  caller: PassWish,
  wanted: readonly ToolVariableName[],
): Promise<GatewayVariables> {
  const { providers } = await api.config();
  const { targets, upstreams, notes } = planEnvironment(environment, providers, wanted);
  const { urls } = await api.pass({ ...caller, upstreams });
  return { variables: toolVariables(urls, environment, targets), notes };
}
