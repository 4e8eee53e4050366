import type { Environment } from "../domain/config.ts";

/** What VS Code's own settings say of a proxy (`http.proxy`, `http.noProxy`, `http.proxySupport`), as they are read. */
export interface ProxySettings {
  readonly proxy: unknown;
  readonly noProxy: unknown;
  readonly proxySupport: unknown;
}

const NAMES_A_PROXY = /^(https?|all)_proxy$/i;
const EXCEPTS_FROM_IT = /^no_proxy$/i;

/**
 * The environment of a sidecar that VS Code starts: with the proxy of VS Code's settings, where the environment itself names
 * none. As in VS Code, `http.proxySupport: "off"` means that its proxy is not for extensions.
 */
export function withProxy(environment: Environment, { proxy, noProxy, proxySupport }: ProxySettings): Environment {
  const isNamed = Object.keys(environment).some((name) => NAMES_A_PROXY.test(name) && environment[name] !== "");
  if (isNamed || proxySupport === "off" || typeof proxy !== "string" || proxy.trim() === "") {
    return environment;
  }
  const excepted = Array.isArray(noProxy) ? noProxy.filter((host) => typeof host === "string") : [];
  const isExcepted = Object.keys(environment).some((name) => EXCEPTS_FROM_IT.test(name) && environment[name] !== "");
  return {
    ...environment,
    HTTPS_PROXY: proxy.trim(),
    HTTP_PROXY: proxy.trim(),
    ...(isExcepted || excepted.length === 0 ? {} : { NO_PROXY: excepted.join(",") }),
  };
}
