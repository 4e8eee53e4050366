import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import { readStandsInHeader, STANDS_IN_HEADER, type StandsInFor } from "../../domain/backends/standsInFor.ts";
import type { Link } from "../links.ts";

/** Headers that belong to one connection, not to the message (RFC 9110, 7.6.1). */
const ONE_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

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
  const headers: string[] = [];
  const isChunked = bodyLength === null && request.headers["transfer-encoding"] !== undefined;
  let ownLength = bodyLength !== null;
  let ownEncoding = isRead;
  eachHeader(request.rawHeaders, (name, value, lower) => {
    switch (lower) {
      case "host":
        headers.push(name, host);
        return;
      case "content-length":
        headers.push(name, bodyLength === null ? value : String(bodyLength));
        ownLength = false;
        return;
      case "accept-encoding":
        // Asked for plain bytes, providers send plain bytes.
        if (ownEncoding || !isRead) {
          headers.push(name, isRead ? PLAIN : value);
        }
        ownEncoding = false;
        return;
      case "expect":
        return;
      case "trailer":
        if (isChunked) {
          headers.push(name, value);
        }
        return;
      default:
        if (!ONE_HOP.has(lower) && !named.has(lower) && !lower.startsWith("x-tollgate-")) {
          headers.push(name, value);
        }
    }
  });
  if (ownLength) {
    headers.push("Content-Length", String(bodyLength));
  }
  if (isChunked) {
    headers.push("Transfer-Encoding", "chunked");
  }
  if (ownEncoding) {
    headers.push("Accept-Encoding", PLAIN);
  }
  if (/\btrailers\b/i.test(String(request.headers.te ?? ""))) {
    headers.push("TE", "trailers", "Connection", "TE");
  }
  return headers;
}
const PLAIN = "identity";

/** Writes an answer's head to the client as it came, with the gateway's own headers behind the provider's. */
export function passHead(
  incoming: IncomingMessage,
  response: ServerResponse,
  own: Readonly<Record<string, string>>,
  keepLength: boolean,
): void {
  // A date is the provider's to set.
  response.sendDate = false;
  const headers = forwardedResponseHeaders(incoming, own, keepLength, canHaveTrailers(incoming, response));
  response.writeHead(incoming.statusCode ?? 502, incoming.statusMessage, headers);
}

/** Only what goes on in chunks has a place for trailers. */
function canHaveTrailers({ headers, statusCode = 0 }: IncomingMessage, { req }: ServerResponse): boolean {
  return (
    headers["transfer-encoding"] !== undefined &&
    req.httpVersion === "1.1" &&
    req.method !== "HEAD" &&
    statusCode !== 204 &&
    statusCode !== 304
  );
}

/** Passes on what stands behind a body; to be called when all of it has come, before its end is passed on. */
export function passTrailers({ rawTrailers }: IncomingMessage, to: ServerResponse | ClientRequest): void {
  if (rawTrailers.length > 0) {
    const trailers: [string, string][] = [];
    eachHeader(rawTrailers, (name, value) => trailers.push([name, value]));
    to.addTrailers(trailers);
  }
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
function forwardedResponseHeaders(
  response: IncomingMessage,
  own: Readonly<Record<string, string>>,
  keepLength: boolean,
  keepTrailer: boolean,
): string[] {
  const named = namedByConnection(response);
  const headers: string[] = [];
  eachHeader(response.rawHeaders, (name, value, lower) => {
    const goesOn = lower === "content-length" ? keepLength : lower === "trailer" ? keepTrailer : !ONE_HOP.has(lower);
    if (goesOn && !named.has(lower)) {
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
