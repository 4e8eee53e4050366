import type { AddressedRequest } from "../protocol.ts";

/** What a path of Google's APIs names: a method, called on a model. */
export interface GooglePath {
  /** Such as `generateContent`. */
  readonly method: string;
  /** As the price lists call it; tuned models and deployed ones with their kind before their name: `endpoints/123`. */
  readonly model: string;
  /** Whose model it is, at Vertex: `google`, `anthropic`; null elsewhere. */
  readonly publisher: string | null;
  /** The region that answers, at Vertex; null elsewhere. */
  readonly location: string | null;
}

const CALLED = /(?:^|\/)(?:publishers\/([^/]+)\/)?(models|tunedModels|endpoints)\/([^/]+):([a-zA-Z]+)$/;

/**
 * Takes a path apart: AI Studio's `/v1beta/models/M:method`, Vertex's `/v1/projects/P/locations/L/publishers/google/models/M:method`
 * and what stands between. Null for a path that calls no model.
 */
export function googlePathOf(path: string): GooglePath | null {
  const [, publisher, kind, name, method] = CALLED.exec(path) ?? [];
  if (kind === undefined || name === undefined || method === undefined) {
    return null;
  }
  const plain = decoded(name);
  return {
    method,
    model: kind === "models" ? plain : `${kind}/${plain}`,
    publisher: publisher ?? null,
    location: /(?:^|\/)locations\/([^/]+)\//.exec(path)?.[1] ?? null,
  };
}

/**
 * The same request for another model of Google's or of the same publisher; null where its path calls none. A model that was
 * tuned or deployed is called in another place than those that others may use: at Vertex below its publisher.
 */
export function forGoogleModel(asked: AddressedRequest, model: string): AddressedRequest | null {
  const called = CALLED.exec(asked.route);
  if (called === null) {
    return null;
  }
  const [, publisher, kind, , method] = called;
  const before = asked.route.slice(0, called.index);
  const ofWhom = publisher ?? (kind === "endpoints" ? "google" : null);
  const place = `${ofWhom === null ? "" : `publishers/${ofWhom}/`}models/${encodeURIComponent(model)}:${method}`;
  return { ...asked, route: `${before}/${place}` };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** The bare name in `models/gemini-2.5-flash` or `publishers/google/models/gemini-2.5-flash`. */
export function bareModel(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}
