import type { ApiClient } from "../../client/apiClient.ts";
import type { Services } from "../services.ts";

/** The keys that this window has, by provider: the sidecar holds none, and gets them for one question. */
export async function keysAtHand({ keys }: Services, api: ApiClient): Promise<Record<string, string>> {
  const found = await Promise.all(
    (await api.providers()).map(async ({ name }) => [name, (await keys.find(name))?.key] as const),
  );
  return Object.fromEntries(found.flatMap(([name, key]) => (key === undefined ? [] : [[name, key]])));
}
