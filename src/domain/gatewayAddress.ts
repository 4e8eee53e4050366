const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** The pass and the provider in a base URL of the gateway, whatever its port was then; null for any other address. */
export function gatewayAddress(url: string): { readonly pass: string; readonly provider: string } | null {
  const match = /^http:\/\/([^/:]+|\[::1\])(?::\d+)?\/p\/([0-9a-f]{32})\/([^/?#]+)/.exec(url);
  const [, host = "", pass = "", provider = ""] = match ?? [];
  return LOOPBACK.has(host) ? { pass, provider } : null;
}
