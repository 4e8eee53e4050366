/** Variables by which known tools and libraries are told where their provider is. */
const BASE_URL_VARIABLES: Readonly<Record<string, ReadonlyArray<(url: string) => readonly [string, string]>>> = {
  openai: [(url) => ["OPENAI_BASE_URL", url], (url) => ["OPENAI_API_BASE", url]],
  // Anthropic's libraries append /v1 themselves.
  anthropic: [(url) => ["ANTHROPIC_BASE_URL", url.replace(/\/v1$/, "")]],
  google: [(url) => ["GOOGLE_GEMINI_BASE_URL", url.replace(/\/v1(beta)?$/, "")]],
  gemini: [(url) => ["GOOGLE_GEMINI_BASE_URL", url.replace(/\/v1(beta)?$/, "")]],
  ollama: [(url) => ["OLLAMA_HOST", url.replace(/\/v1$/, "")]],
};

const PROXY_VARIABLES = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
const LOOPBACK = "127.0.0.1,localhost";

/**
 * The environment that points tools at the gateway: what each known tool reads, and `TOLLGATE_<PROVIDER>_URL` for every
 * provider. Where a proxy is set, loopback is excepted from it.
 */
export function toolEnvironment(
  urls: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const changed: Record<string, string | undefined> = { ...environment };
  for (const [provider, url] of Object.entries(urls)) {
    const known = Object.hasOwn(BASE_URL_VARIABLES, provider) ? BASE_URL_VARIABLES[provider] : undefined;
    for (const variable of known ?? []) {
      const [name, value] = variable(url);
      changed[name] = value;
    }
    changed[`TOLLGATE_${provider.toUpperCase().replace(/[^A-Z0-9]/g, "_")}_URL`] = url;
  }
  if (PROXY_VARIABLES.some((name) => (environment[name] ?? "") !== "")) {
    for (const name of ["NO_PROXY", "no_proxy"]) {
      const before = environment[name] ?? "";
      changed[name] = before === "" ? LOOPBACK : `${before},${LOOPBACK}`;
    }
  }
  return changed;
}
