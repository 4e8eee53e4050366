import {
  type AgentOptions,
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
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
  readonly agent: ((options: AgentOptions) => HttpAgent) | null;
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number;
  /** What it wants to be told with each request that it is asked like a server, in raw form. */
  readonly headers: readonly string[];
}

/** A proxy cannot be used, or does not let through; the message says why. */
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

export function agentFor(proxy: ProxyServer, options: AgentOptions): HttpAgent {
  return proxy.agent?.(options) ?? (proxy.secure ? new HttpsAgent(options) : new HttpAgent(options));
}

/** Opens a request to a server behind a proxy; its agent is one of the proxy's. It ends in a ProxyError where that refuses. */
export function requestThrough(
  proxy: ProxyServer,
  server: { readonly secure: boolean; readonly host: string },
  request: RequestOptions & { readonly headers: string[] },
): ClientRequest {
  if (proxy.agent === null) {
    const { hostname, port } = proxy;
    const path = `http://${server.host}${request.path}`;
    const headers = [...request.headers, ...proxy.headers];
    return (proxy.secure ? httpsRequest : httpRequest)({ ...request, hostname, port, path, headers });
  }
  const protocol = server.secure ? "https:" : "http:";
  const sent = (server.secure ? httpsRequest : httpRequest)({ ...request, protocol });
  sent.once("proxyConnect", ({ statusCode }: { statusCode: number }) => {
    if (statusCode !== 200) {
      const message = `The proxy ${proxy.name} does not let through to ${server.host} (it answered ${statusCode})`;
      sent.destroy(new ProxyError(message));
    }
  });
  return sent;
}

/** A question of Tollgate's own. */
export type OwnRequest = Pick<RequestOptions, "signal"> & {
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls?: object | null | undefined;
};

/**
 * Asks something of Tollgate's own (GET), on a connection of its own, through the proxy that the environment names. Gives the
 * answer's head. @throws Error where none comes: a ProxyError where the proxy is the reason.
 */
export async function askOwn(url: URL, { headers = {}, signal, tls }: OwnRequest): Promise<IncomingMessage> {
  const secure = url.protocol === "https:";
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port || (secure ? 443 : 80));
  const proxy = await proxyTo({ secure, hostname, port });
  const raw = ["Host", url.host, ...Object.entries(headers).flat(), "Connection", "close"];
  const request = {
    ...tls,
    hostname,
    port,
    path: url.pathname + url.search,
    headers: raw,
    setDefaultHeaders: false,
    signal,
  };
  const sent =
    proxy === null
      ? (secure ? httpsRequest : httpRequest)({ ...request, agent: false })
      : requestThrough(proxy, { secure, host: url.host }, { ...request, agent: agentFor(proxy, {}) });
  return new Promise((resolve, reject) => {
    sent.on("response", resolve).on("error", reject).end();
  });
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
