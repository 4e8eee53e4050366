import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { pipeline, Readable, type Transform } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { constants, createBrotliDecompress, createGunzip, createInflate } from "node:zlib";

/** An error's body is read whole, up to so many bytes. */
const LONGEST_ERROR_BODY = 1024 * 1024;
/** Statuses whose answers have no body. */
const WITHOUT_BODY = new Set([204, 205, 304]);

/**
 * One request to the gateway and its answer, as a `fetch` for the provider's client. It goes over node:http, since a
 * host's own `fetch` may send even loopback calls through a proxy and gives up on silence by limits of its own. What
 * clients do not tell of an answer, how it failed and its headers, can be read here afterwards.
 */
export class Exchange {
  readonly #timeoutMs: number;
  readonly #onHead: (exchange: Exchange) => void;
  status: number | null = null;
  headers: IncomingHttpHeaders = {};
  /** The body of an answer of status 400 and above. */
  errorBody: string | null = null;
  /** How the connection to the gateway failed; null where it did not. */
  failure: "timeout" | "unreachable" | "broken" | null = null;

  /** `timeoutMs` bounds the silence before and within the answer; `onHead` is told when the answer begins. */
  constructor(timeoutMs: number, onHead: (exchange: Exchange) => void) {
    this.#timeoutMs = timeoutMs;
    this.#onHead = onHead;
  }

  get callId(): string | null {
    return this.header("x-tollgate-call-id");
  }

  get clampedOutput(): number | null {
    const limit = Number(this.header("x-tollgate-clamped-output") ?? Number.NaN);
    return Number.isInteger(limit) ? limit : null;
  }

  header(name: string): string | null {
    const value = this.headers[name];
    return (Array.isArray(value) ? value[0] : value) ?? null;
  }

  /** To be given to a provider's client in place of the global `fetch`. */
  readonly fetch: typeof fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : input;
    const headers = Object.fromEntries(new Headers(init?.headers));
    const incoming = await this.#send(String(url), init?.method ?? "GET", headers, bodyOf(init), init?.signal ?? null);
    this.status = incoming.statusCode ?? 502;
    this.headers = incoming.headers;
    this.#onHead(this);
    const body = await this.#body(incoming, this.status);
    const { "content-encoding": _, "content-length": __, ...plain } = incoming.headers;
    return new Response(body, { status: this.status, headers: toHeaders(plain) });
  };

  #send(
    url: string,
    method: string,
    headers: Record<string, string>,
    body: string | undefined,
    signal: AbortSignal | null,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
      const options = { method, headers: { ...headers, ...length }, agent: false };
      const outgoing = request(url, signal === null ? options : { ...options, signal });
      outgoing.setTimeout(this.#timeoutMs, () => {
        this.failure = "timeout";
        outgoing.destroy(new Error("The answer fell silent"));
      });
      outgoing.on("error", (error: NodeJS.ErrnoException) => {
        if (!signal?.aborted) {
          // A connection that was made and then cut may have been cut by the provider, before its first byte.
          const isCut = this.status !== null || error.code === "ECONNRESET";
          this.failure ??= isCut ? "broken" : "unreachable";
        }
        reject(error);
      });
      outgoing.on("response", (incoming) => {
        incoming.on("error", () => {
          if (!signal?.aborted) {
            this.failure ??= "broken";
          }
        });
        resolve(incoming);
      });
      outgoing.end(body);
    });
  }

  async #body(incoming: IncomingMessage, status: number): Promise<ReadableStream | string | null> {
    const decoded = decodedBody(incoming);
    if (WITHOUT_BODY.has(status)) {
      incoming.resume();
      return null;
    }
    if (status < 400) {
      return Readable.toWeb(decoded) as NodeReadableStream as unknown as ReadableStream;
    }
    let text = "";
    for await (const chunk of decoded.setEncoding("utf8")) {
      text += chunk;
      if (text.length > LONGEST_ERROR_BODY) {
        break;
      }
    }
    this.errorBody = text;
    return text;
  }
}

function bodyOf(init: RequestInit | undefined): string | undefined {
  const body = init?.body;
  if (body === undefined || body === null || typeof body === "string") {
    return body ?? undefined;
  }
  if (body instanceof Uint8Array) {
    return Buffer.from(body).toString("utf8");
  }
  throw new TypeError("Only JSON can be sent to the gateway");
}

/** A provider may compress its answer although nobody asked for it. */
function decodedBody(incoming: IncomingMessage): Readable {
  const decoder = DECODERS.get(incoming.headers["content-encoding"]?.trim().toLowerCase() ?? "")?.();
  // An error of either side is known to both; what this call would say of it is not needed.
  return decoder === undefined ? incoming : pipeline(incoming, decoder, () => {});
}
const DECODERS = new Map<string, () => Transform>([
  ["gzip", () => createGunzip({ flush: constants.Z_SYNC_FLUSH })],
  ["deflate", () => createInflate({ flush: constants.Z_SYNC_FLUSH })],
  ["br", () => createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH })],
]);

function toHeaders(headers: IncomingHttpHeaders): Headers {
  const converted = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    for (const one of Array.isArray(value) ? value : value === undefined ? [] : [value]) {
      converted.append(name, one);
    }
  }
  return converted;
}
