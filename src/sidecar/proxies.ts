import type { Agent, AgentOptions } from "node:http";
import { getProxyForUrl } from "proxy-from-env";

/** A server as far as it decides how it is reached. */
export interface Destination {
  readonly secure: boolean;
  /** Without the brackets of an IPv6 address. */
  readonly hostname: string;
  readonly port: number;
}

/** A proxy that stands between this process and a server. */
export interface ProxyServer {
  /** As people may be told: without user and password. */
  readonly name: string;
  /** Makes what connects through it; null for a proxy that is asked like a server, with the whole address as the path. */
  readonly agent: ((options: AgentOptions) => Agent) | null;
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number;
  /** What it wants to be told with each request that it is asked like a server, in raw form. */
  readonly headers: readonly string[];
}

/** The environment names a proxy that cannot be used; the message says why. */
export class ProxyError extends Error {
  override readonly name = "ProxyError";
}

const THIS_MACHINE = /^(localhost|.*\.localhost|127(\.\d{1,3}){3}|0\.0\.0\.0|::1|::)$/i;

/**
 * The proxy that the environment names for a server (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY, in either case); null
 * where it names none, and always for this machine itself.
 * @throws ProxyError
 */
export async function proxyTo({ secure, hostname, port }: Destination): Promise<ProxyServer | null> {
  if (THIS_MACHINE.test(hostname)) {
    return null;
  }
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  const named = getProxyForUrl(`${secure ? "https" : "http"}://${host}:${port}`);
  if (named === "") {
    return null;
  }
  // Where none stands there, the library puts a scheme in front: the one of the server, which the proxy need not speak.
  const isAsNamed = Object.values(process.env).includes(named);
  const url = parsed(isAsNamed ? named : named.replace(/^\w+:/, "http:"));
  const ofProxy = {
    name: `${url.protocol}//${url.host}`,
    secure: url.protocol === "https:",
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || (url.protocol === "https:" ? 443 : 80)),
  };
  if (/^socks[45]?[ah]?:$/.test(url.protocol)) {
    const { SocksProxyAgent } = await import("socks-proxy-agent");
    return { ...ofProxy, agent: (options) => new SocksProxyAgent(url, options), headers: [] };
  }
  if (!secure) {
    return { ...ofProxy, agent: null, headers: authorization(url) };
  }
  const { HttpsProxyAgent } = await import("https-proxy-agent");
  return { ...ofProxy, agent: (options) => new HttpsProxyAgent(url, options), headers: [] };
}

function parsed(named: string): URL {
  const url = URL.canParse(named) ? new URL(named) : null;
  if (url === null || !/^(https?|socks[45]?[ah]?):$/.test(url.protocol) || url.hostname === "") {
    const scheme = url === null ? "" : ` (${url.protocol.slice(0, -1)})`;
    throw new ProxyError(
      `The proxy that the environment names is none that Tollgate can use${scheme}: write it as http://, https:// or socks5://HOST:PORT`,
    );
  }
  return url;
}

function authorization({ username, password }: URL): string[] {
  if (username === "" && password === "") {
    return [];
  }
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return ["Proxy-Authorization", `Basic ${Buffer.from(pair).toString("base64")}`];
}
