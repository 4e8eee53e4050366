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

const VARIABLES = [
  // OpenAI's libraries and most of what speaks its protocol; older tools and LiteLLM read the second.
  { name: "OPENAI_BASE_URL", providers: ["openai"] },
  { name: "OPENAI_API_BASE", providers: ["openai"] },
  { name: "ANTHROPIC_BASE_URL", providers: ["anthropic"], bare: true },
  // Both are read by Google's own libraries and by Gemini CLI.
  { name: "GOOGLE_GEMINI_BASE_URL", providers: ["google", "gemini"], bare: true },
  { name: "GOOGLE_VERTEX_BASE_URL", providers: ["vertex", "google-vertex"], bare: true },
  // aider and others that go through LiteLLM.
  { name: "OLLAMA_API_BASE", providers: ["ollama"], bare: true },
  // Ollama's server reads it too, as the address to listen on.
  { name: "OLLAMA_HOST", providers: ["ollama"], bare: true, onlyIfAsked: true },
] as const satisfies readonly ToolVariable[];

export type ToolVariableName = (typeof VARIABLES)[number]["name"];

/** Every variable that tools read, and those of them that are set unless somebody wants it otherwise. */
export const TOOL_VARIABLES: readonly ToolVariableName[] = VARIABLES.map(({ name }) => name);
export const USUAL_VARIABLES: readonly ToolVariableName[] = VARIABLES.filter(
  (variable: ToolVariable) => variable.onlyIfAsked !== true,
).map(({ name }) => name);

const PROXY_VARIABLES = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
const LOOPBACK = "127.0.0.1,localhost";

type Providers = Readonly<Record<string, { readonly baseUrl: string }>>;

/** Where each variable is to lead, considering what the user had set it to. */
export interface EnvironmentPlan {
  /** The provider that each variable leads to. */
  readonly targets: Readonly<Record<string, string>>;
  /** Addresses that the user had set: the pass is to lead there instead of to the provider's own. */
  readonly upstreams: Readonly<Record<string, string>>;
  readonly notes: readonly EnvironmentNote[];
}

/**
 * What the user has to know of a variable that she had set herself: it is `left` as it is, for no provider has the name that
 * it wants; it was `unusable`, or a `second` address for one provider, and is replaced; or calls are `led` to where it was.
 */
export interface EnvironmentNote {
  readonly kind: "left" | "unusable" | "second" | "led";
  readonly variable: string;
  readonly provider: string;
  /** What it held, without secrets; empty where that is no address. */
  readonly address: string;
}

/**
 * What is to become of each tool's variable. An address that the user had set is not lost: one of a configured provider leads
 * to that provider, any other becomes where the pass leads.
 */
export function planEnvironment(
  environment: Environment,
  providers: Providers,
  wanted: readonly ToolVariableName[] = USUAL_VARIABLES,
): EnvironmentPlan {
  const targets: Record<string, string> = {};
  const upstreams: Record<string, string> = {};
  const notes: EnvironmentNote[] = [];
  for (const variable of VARIABLES) {
    const { name, providers: names } = variable;
    if (!wanted.includes(name)) {
      continue;
    }
    const usual = names.find((one) => Object.hasOwn(providers, one));
    const held = (environment[name] ?? "").trim();
    const value = name === "OLLAMA_HOST" ? ollamaAddress(held) : held;
    const own = gatewayAddress(value);
    const target =
      own !== null && Object.hasOwn(providers, own.provider) ? own.provider : (providerAt(value, providers) ?? usual);
    const note = (kind: EnvironmentNote["kind"]) =>
      notes.push({ kind, variable: name, provider: target ?? names[0], address: withoutSecrets(value) ?? "" });
    if (target === undefined) {
      if (value !== "") {
        note("left");
      }
      continue;
    }
    targets[name] = target;
    if (value === "" || providerAt(value, providers) !== undefined) {
      continue;
    }
    if (withoutSecrets(value) === null) {
      note("unusable");
    } else if ((upstreams[target] ?? value) !== value) {
      note("second");
    } else {
      upstreams[target] = value;
      if (own === null) {
        note("led");
      }
    }
  }
  return { targets, upstreams, notes };
}

/**
 * The base URL in a value of `OLLAMA_HOST`, which may lack scheme and port. Where it tells a server to listen everywhere, its
 * clients find it on this machine.
 */
function ollamaAddress(value: string): string {
  const whole = /^\w+:\/\//.test(value) ? value : `http://${value}`;
  if (value === "" || !URL.canParse(whole)) {
    return value;
  }
  const url = new URL(whole);
  const host = ["0.0.0.0", "[::]"].includes(url.hostname) ? "127.0.0.1" : url.hostname;
  const port = url.port || (/^https?:\/\//.test(value) ? "" : "11434");
  return `${url.protocol}//${host}${port === "" ? "" : `:${port}`}${url.pathname.replace(/\/+$/, "")}`;
}

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
  for (const variable of VARIABLES) {
    const { name, bare }: ToolVariable = variable;
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
export function providerAt(url: string, providers: Providers): string | undefined {
  const wanted = withoutVersion(url);
  return Object.keys(providers).find((name) => withoutVersion(providers[name]?.baseUrl ?? "") === wanted);
}

/** An address as it may be shown; null for what cannot be a provider's, such as one with a password or a query. */
export function withoutSecrets(value: string): string | null {
  const url = URL.canParse(value) ? new URL(value) : null;
  const fits = url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
  return fits && url.search === "" && url.hash === "" ? `${url.origin}${url.pathname.replace(/\/$/, "")}` : null;
}
