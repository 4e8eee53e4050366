import type { Environment } from "../domain/config.ts";
import { gatewayAddress } from "../domain/gatewayAddress.ts";

/** A variable by which tools and libraries are told where their provider is. */
interface ToolVariable {
  readonly name: string;
  /** Names that its provider has in configurations; the first that is there is meant. */
  readonly providers: readonly string[];
  /** Whether its readers append the API's version (`/v1`) themselves. */
  readonly bare?: boolean;
  readonly onlyIfAsked?: boolean;
}

const VARIABLES: readonly ToolVariable[] = [
  // OpenAI's libraries and most of what speaks its protocol; older tools and LiteLLM read the second.
  { name: "OPENAI_BASE_URL", providers: ["openai"] },
  { name: "OPENAI_API_BASE", providers: ["openai"] },
  { name: "ANTHROPIC_BASE_URL", providers: ["anthropic"], bare: true },
  // Both are read by Google's own libraries and by Gemini CLI.
  { name: "GOOGLE_GEMINI_BASE_URL", providers: ["google", "gemini"], bare: true },
  { name: "GOOGLE_VERTEX_BASE_URL", providers: ["vertex", "google-vertex"], bare: true },
  // Ollama's server reads it too, as the address to listen on.
  { name: "OLLAMA_HOST", providers: ["ollama"], bare: true, onlyIfAsked: true },
];

const PROXY_VARIABLES = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
const LOOPBACK = "127.0.0.1,localhost";

/** Where each variable is to lead, considering what the user had set it to. */
export interface EnvironmentPlan {
  /** The provider that each variable leads to. */
  readonly targets: Readonly<Record<string, string>>;
  /** Addresses that the user had set: the pass is to lead there instead of to the provider's own. */
  readonly upstreams: Readonly<Record<string, string>>;
  /** What the user has to know, one line each. */
  readonly notes: readonly string[];
}

/**
 * What is to become of each tool's variable. An address that the user had set is not lost: one of a configured provider leads
 * to that provider, any other becomes where the pass leads.
 */
export function planEnvironment(
  environment: Environment,
  providers: Readonly<Record<string, { readonly baseUrl: string }>>,
  { ollama = false }: { readonly ollama?: boolean } = {},
): EnvironmentPlan {
  const targets: Record<string, string> = {};
  const upstreams: Record<string, string> = {};
  const notes: string[] = [];
  for (const { name, providers: names, onlyIfAsked } of VARIABLES) {
    if (onlyIfAsked === true && !ollama) {
      continue;
    }
    const usual = names.find((one) => Object.hasOwn(providers, one));
    const value = (onlyIfAsked === true ? "" : (environment[name] ?? "")).trim();
    const own = gatewayAddress(value);
    const target =
      own !== null && Object.hasOwn(providers, own.provider) ? own.provider : (providerAt(value, providers) ?? usual);
    if (target === undefined) {
      if (value !== "") {
        notes.push(`${name} is left as it is, and its calls are not metered: no provider is named ${names[0]}.`);
      }
      continue;
    }
    targets[name] = target;
    if (value === "" || providerAt(value, providers) !== undefined) {
      continue;
    }
    const shown = withoutSecrets(value);
    if (shown === null) {
      notes.push(
        `${name} is replaced: what it held is no http:// or https:// address that a provider can have. ${HOW}`,
      );
    } else if ((upstreams[target] ?? value) !== value) {
      notes.push(`${name} (${shown}) is replaced: ${target} can lead to one address only. ${HOW}`);
    } else {
      upstreams[target] = value;
      if (own === null) {
        notes.push(`${name} was ${shown}: calls go on to there, at the prices of ${target}. ${HOW}`);
      }
    }
  }
  return { targets, upstreams, notes };
}

const HOW = 'For a provider with a name and prices of its own, add it to "providers" in the configuration.';

/**
 * The variables that point tools at the gateway: what each known tool reads, and `TOLLGATE_<PROVIDER>_URL` for every
 * provider. Where a proxy is set, loopback is excepted from it.
 */
export function toolVariables(
  urls: Readonly<Record<string, string>>,
  environment: Environment,
  targets: EnvironmentPlan["targets"],
): Record<string, string> {
  const changed: Record<string, string> = {};
  for (const { name, bare } of VARIABLES) {
    const url = urls[targets[name] ?? ""];
    if (url !== undefined) {
      changed[name] = bare === true ? withoutVersion(url) : url;
    }
  }
  for (const [provider, url] of Object.entries(urls)) {
    changed[`TOLLGATE_${provider.toUpperCase().replace(/[^A-Z0-9]/g, "_")}_URL`] = url;
  }
  if (PROXY_VARIABLES.some((name) => (environment[name] ?? "") !== "")) {
    for (const name of ["NO_PROXY", "no_proxy"]) {
      const before = environment[name] ?? "";
      if (!before.split(",").some((host) => host.trim() === "127.0.0.1")) {
        changed[name] = before === "" ? LOOPBACK : `${before},${LOOPBACK}`;
      }
    }
  }
  return changed;
}

/** A base URL without the API's version at its end, for tools that append it themselves. */
export function withoutVersion(url: string): string {
  return url.replace(/\/+$/, "").replace(/\/v\d+[a-z]*$/, "");
}

/** The configured provider whose base URL this is, with or without the version at its end. */
export function providerAt(
  url: string,
  providers: Readonly<Record<string, { readonly baseUrl: string }>>,
): string | undefined {
  const wanted = withoutVersion(url);
  return Object.keys(providers).find((name) => withoutVersion(providers[name]?.baseUrl ?? "") === wanted);
}

/** An address as it may be shown; null for what cannot be a provider's, such as one with a password or a query. */
export function withoutSecrets(value: string): string | null {
  const url = URL.canParse(value) ? new URL(value) : null;
  const fits = url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
  return fits && url.search === "" && url.hash === "" ? `${url.origin}${url.pathname.replace(/\/$/, "")}` : null;
}
