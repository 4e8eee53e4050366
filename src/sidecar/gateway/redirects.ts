import type { IncomingMessage } from "node:http";
import type { Passage } from "./passage.ts";

const REDIRECTS: ReadonlySet<number | undefined> = new Set([301, 302, 303, 307, 308]);

/**
 * A provider may lead on to another address of its own, as servers do where a path ends in a slash too many. A client that
 * followed it as it stands would go past the gateway: so it is made an address of the gateway's. Gives the host that an
 * answer leads to where that is another one, or lies outside of the provider's base; null where all is well.
 */
export function leadBack(incoming: IncomingMessage, { request, target: { server, path } }: Passage): string | null {
  const { location } = incoming.headers;
  const base = `${server.secure ? "https" : "http"}://${server.host}`;
  if (!REDIRECTS.has(incoming.statusCode) || location === undefined || !URL.canParse(location, base)) {
    return null;
  }
  const led = new URL(location, `${base}${path}`);
  if (led.origin !== new URL(base).origin || !`${led.pathname}/`.startsWith(`${server.basePath}/`)) {
    return led.host;
  }
  const [ownPath = ""] = /^\/p\/[^/?]+\/[^/?]+/.exec(request.url ?? "") ?? [];
  const inBase = led.pathname.slice(server.basePath.length);
  setHeader(incoming, "location", `${ownPath}${inBase}${led.search}${led.hash}`);
  return null;
}

function setHeader({ rawHeaders }: IncomingMessage, name: string, value: string): void {
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === name) {
      rawHeaders[index + 1] = value;
    }
  }
}
