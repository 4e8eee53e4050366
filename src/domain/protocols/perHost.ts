import type { Protocol } from "../protocol.ts";

/** Providers are few, and their addresses rarely change. */
const LARGEST_CACHE = 256;

/** Makes a protocol once for each base address. */
export function perHost(make: (baseUrl: string | undefined) => Protocol): (baseUrl: string | undefined) => Protocol {
  const made = new Map<string | undefined, Protocol>();
  return (baseUrl) => {
    let protocol = made.get(baseUrl);
    if (protocol === undefined) {
      protocol = make(baseUrl);
      if (made.size >= LARGEST_CACHE) {
        made.clear();
      }
      made.set(baseUrl, protocol);
    }
    return protocol;
  };
}
