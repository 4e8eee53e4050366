import type * as vscode from "vscode";
import type { ProviderInfo } from "../../domain/api.ts";
import type { Environment } from "../../domain/config.ts";

/** Variables that give the key of a provider of this name, where no key is stored. */
export const KEY_VARIABLES: Readonly<Record<string, string>> = {
  openai: "OPENAI_API_KEY",
  anthropic: "ANTHROPIC_API_KEY",
};

export interface ApiKey {
  readonly key: string;
  readonly from: "secret storage" | "environment";
}

/** Keys of providers: VS Code's secret storage first, then the environment. They are never kept anywhere else. */
export class ApiKeys {
  readonly #secrets: vscode.SecretStorage;
  readonly #environment: Environment;

  constructor(secrets: vscode.SecretStorage, environment: Environment) {
    this.#secrets = secrets;
    this.#environment = environment;
  }

  async find(provider: string): Promise<ApiKey | undefined> {
    const secret = await this.#secrets.get(secretName(provider));
    if (secret !== undefined && secret !== "") {
      return { key: secret, from: "secret storage" };
    }
    const variable = KEY_VARIABLES[provider];
    const value = variable === undefined ? undefined : this.#environment[variable]?.trim();
    return value === undefined || value === "" ? undefined : { key: value, from: "environment" };
  }

  async store(provider: string, key: string): Promise<void> {
    await this.#secrets.store(secretName(provider), key);
  }

  async remove(provider: string): Promise<void> {
    await this.#secrets.delete(secretName(provider));
  }
}

/** Whether calls to a provider can do without a key: servers of one's own, on this machine, free or paid by the hour. */
export function keyIsOptional({ name, baseUrl, pricing }: ProviderInfo): boolean {
  if (KEY_VARIABLES[name] !== undefined) {
    return false;
  }
  const { hostname } = new URL(baseUrl);
  const local = hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
  return local || pricing === "compute-hour" || pricing === "free";
}

function secretName(provider: string): string {
  return `tollgate.apiKey.${provider}`;
}
