import type { Link } from "../links.ts";

/** A gateway path taken apart: `/p/<pass>/<provider>/<rest>`. `search` keeps its question mark. */
export interface GatewayPath {
  readonly pass: string;
  readonly provider: string;
  /** With a leading slash; empty where nothing follows the provider. */
  readonly rest: string;
  readonly search: string;
}

export function parseGatewayPath(url: string): GatewayPath | null {
  const match = /^\/p\/([^/?]+)\/([^/?]+)((?:\/[^?]*)?)(\?.*)?$/s.exec(url);
  if (match === null) {
    return null;
  }
  const [, pass = "", provider = "", rest = "", search = ""] = match;
  return { pass, provider, rest, search };
}

/** Where a call goes: the server, the path to ask it for, and the route below the provider's base. */
export interface Target {
  readonly server: ProviderServer;
  /** With the base's own path and the query, as it is sent. */
  readonly path: string;
  /** With a leading slash, without the base's own path and without the query. */
  readonly route: string;
  /** With its question mark; empty where there is none. */
  readonly search: string;
  /** Null where the provider's address is all there is. */
  readonly link: Link | null;
}

/** The server behind a provider's base URL, taken apart once. */
export interface ProviderServer {
  /** What it was made of. */
  readonly baseUrl: string;
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number;
  /** As the `Host` header names it: without the protocol's usual port. */
  readonly host: string;
  /** The segments of the base's own path. */
  readonly base: readonly string[];
  /** The same as the beginning of a path, without a slash at its end. */
  readonly basePath: string;
  /** The routes that paths of clients mean; null where one would climb out of the base. */
  readonly routes: Map<string, string | null>;
}

/** Providers and the paths of calls are few, and rarely change. */
const LARGEST_CACHE = 256;
const servers = new Map<string, ProviderServer>();

function serverOf(baseUrl: string): ProviderServer {
  let server = servers.get(baseUrl);
  if (server === undefined) {
    const { protocol, hostname, port, host, pathname } = new URL(baseUrl);
    const secure = protocol === "https:";
    const base = pathname.split("/").filter((segment) => segment !== "");
    server = {
      baseUrl,
      secure,
      hostname: hostname.replace(/^\[|\]$/g, ""),
      port: port === "" ? (secure ? 443 : 80) : Number(port),
      host,
      base,
      basePath: base.map((segment) => `/${segment}`).join(""),
      routes: new Map(),
    };
    if (servers.size >= LARGEST_CACHE) {
      servers.clear();
    }
    servers.set(baseUrl, server);
  }
  return server;
}

/** Segments that climb, and characters that some servers take for a slash or for the end of the path. */
const LEAVES_THE_BASE = /(^|\/)(\.|%2e){1,2}(\/|$)|[\\#]|%5c/i;

/**
 * Appends a path to a provider's base. Where the path begins with what the base ends in (`/v1`), that is taken once.
 * Null where the path would climb out of the base.
 */
export function targetOf(baseUrl: string, rest: string, search: string, link: Link | null = null): Target | null {
  const server = serverOf(baseUrl);
  let route = server.routes.get(rest);
  if (route === undefined) {
    route = routeBelow(server.base, rest);
    if (server.routes.size >= LARGEST_CACHE) {
      server.routes.clear();
    }
    server.routes.set(rest, route);
  }
  return route === null ? null : { server, path: `${server.basePath}${route}${search}`, route, search, link };
}

function routeBelow(base: readonly string[], rest: string): string | null {
  if (LEAVES_THE_BASE.test(rest)) {
    return null;
  }
  const segments = rest.split("/").slice(1);
  return `/${segments.slice(sharedSegments(base, segments)).join("/")}`;
}

/** How many leading segments of the path are the base's last ones. */
function sharedSegments(base: readonly string[], path: readonly string[]): number {
  for (let count = Math.min(base.length, path.length); count > 0; count -= 1) {
    const from = base.length - count;
    let index = 0;
    while (index < count && base[from + index] === path[index]) {
      index += 1;
    }
    if (index === count) {
      return count;
    }
  }
  return 0;
}
