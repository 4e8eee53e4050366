import type { IncomingMessage } from "node:http";
import { readStandsInHeader, STANDS_IN_HEADER, type StandsInFor } from "../../domain/backends/standsInFor.ts";
import type { Link } from "../links.ts";

/** Headers that belong to one connection, not to the message (RFC 9110, 7.6.1), and what the gateway writes anew. */
const ONE_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const OF_THE_REQUEST = new Set(["host", "content-length", "expect", "accept-encoding"]);

/** What a client tells the gateway about a call; taken off before the call goes on. */
export interface CallNotes {
  readonly tags: readonly string[];
  readonly requestType: string | null;
  readonly user: string | null;
  readonly traceId: string | null;
  readonly attempt: number;
  readonly promptId: string | null;
  readonly standsInFor: StandsInFor | null;
}

export function readNotes(request: IncomingMessage): CallNotes {
  const attempt = Number(single(request, "x-tollgate-attempt") ?? attemptOfSdk(request));
  return {
    tags: tagsAmong(single(request, "x-tollgate-tags")),
    requestType: single(request, "x-tollgate-request-type"),
    user: single(request, "x-tollgate-user"),
    traceId: traceIdIn(single(request, "traceparent")),
    attempt: Number.isInteger(attempt) && attempt >= 1 && attempt <= 1_000 ? attempt : 1,
    promptId: single(request, "x-tollgate-prompt-id") ?? single(request, "idempotency-key"),
    standsInFor: readStandsInHeader(single(request, STANDS_IN_HEADER, 2_000)),
  };
}

/** The clients of OpenAI and Anthropic count their own retries, from 0. */
function attemptOfSdk(request: IncomingMessage): number {
  return Number(single(request, "x-stainless-retry-count") ?? 0) + 1;
}

function traceIdIn(parent: string | null): string | null {
  return parent === null ? null : (/^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(parent)?.[1] ?? null);
}

function tagsAmong(list: string | null): readonly string[] {
  return list === null
    ? []
    : list
        .split(",")
        .map((tag) => tag.trim().slice(0, 200))
        .filter((tag) => tag !== "")
        .slice(0, 20);
}

function single(request: IncomingMessage, name: string, longest = 200): string | null {
  const value = request.headers[name];
  const text = (Array.isArray(value) ? value[0] : value)?.trim().slice(0, longest);
  return text === undefined || text === "" ? null : text;
}

/**
 * The request's headers as they go on, in raw form: order, case and doubles kept. `bodyLength` is null for a body that is
 * passed on as it comes; `isRead` where the answer is read on its way.
 */
export function forwardedRequestHeaders(
  request: IncomingMessage,
  host: string,
  bodyLength: number | null,
  isRead = bodyLength !== null,
): string[] {
  const named = namedByConnection(request);
  const headers: string[] = ["Host", host];
  eachHeader(request.rawHeaders, (name, value, lower) => {
    if (!ONE_HOP.has(lower) && !OF_THE_REQUEST.has(lower) && !named.has(lower) && !lower.startsWith("x-tollgate-")) {
      headers.push(name, value);
    }
  });
  const length = bodyLength === null ? request.headers["content-length"] : String(bodyLength);
  if (length !== undefined) {
    headers.push("Content-Length", length);
  }
  // Asked for plain bytes, providers send plain bytes.
  const encoding = isRead ? "identity" : request.headers["accept-encoding"];
  if (encoding !== undefined) {
    headers.push("Accept-Encoding", String(encoding));
  }
  return headers;
}

/** Headers, in lower case, that carry keys. */
export const KEY_HEADERS = ["authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie"];
/** A shorter run of characters is no key, and may stand in any text. */
const SHORTEST_KEY = 8;

/** A provider's words without the keys that were sent to it: some say them back. */
export function withoutKeysOf(
  { request, target }: { readonly request: IncomingMessage; readonly target: { readonly link: Link | null } },
  text: string,
): string {
  const values = [...KEY_HEADERS.map((name) => String(request.headers[name] ?? "")), ...(target.link?.headers ?? [])];
  const keys = values.flatMap((value) => value.split(/[\s;=]+/)).filter(({ length }) => length >= SHORTEST_KEY);
  return keys.reduce((safe, key) => safe.replaceAll(key, "…"), text);
}

/** The answer's headers as they go to the client, in raw form, with the gateway's own behind them. */
export function forwardedResponseHeaders(
  response: IncomingMessage,
  own: Readonly<Record<string, string>>,
  keepLength: boolean,
): string[] {
  const named = namedByConnection(response);
  const headers: string[] = [];
  eachHeader(response.rawHeaders, (name, value, lower) => {
    if (!ONE_HOP.has(lower) && !named.has(lower) && (keepLength || lower !== "content-length")) {
      headers.push(name, value);
    }
  });
  for (const [name, value] of Object.entries(own)) {
    headers.push(name, value);
  }
  return headers;
}

const NONE: ReadonlySet<string> = new Set();

function namedByConnection(message: IncomingMessage): ReadonlySet<string> {
  const value = message.headers.connection;
  return value === undefined || /^(keep-alive|close)$/i.test(value)
    ? NONE
    : new Set(value.split(",").map((name) => name.trim().toLowerCase()));
}

function eachHeader(raw: readonly string[], visit: (name: string, value: string, lower: string) => void): void {
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] as string;
    visit(name, raw[index + 1] as string, name.toLowerCase());
  }
}
