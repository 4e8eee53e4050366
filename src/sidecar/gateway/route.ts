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

/** Where a call goes: the address to send to, and the route below the provider's base. */
export interface Target {
  readonly url: URL;
  /** With a leading slash, without the base's own path and without the query. */
  readonly route: string;
}

/**
 * Appends a path to a provider's base. Where the path begins with what the base ends in (`/v1`), that is taken once.
 * Null where the path would climb out of the base.
 */
export function targetOf(baseUrl: string, rest: string, search: string): Target | null {
  const base = new URL(baseUrl);
  const baseSegments = base.pathname.split("/").filter((segment) => segment !== "");
  const segments = rest.split("/").slice(1);
  if (segments.some((segment) => /^(\.|%2e){1,2}$/i.test(segment))) {
    return null;
  }
  const shared = sharedSegments(baseSegments, segments);
  const route = `/${segments.slice(shared).join("/")}`;
  const url = new URL(base);
  url.pathname = `${baseSegments.map((segment) => `/${segment}`).join("")}${route}`;
  url.search = search;
  return { url, route };
}

/** How many leading segments of the path are the base's last ones. */
function sharedSegments(base: readonly string[], path: readonly string[]): number {
  for (let count = Math.min(base.length, path.length); count > 0; count -= 1) {
    if (base.slice(-count).every((segment, index) => segment === path[index])) {
      return count;
    }
  }
  return 0;
}
