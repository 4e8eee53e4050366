import { Agent, type IncomingMessage, request } from "node:http";
import { apiErrorSchema } from "../domain/api.ts";
import { ApiError } from "./apiError.ts";
import { SidecarUnavailableError } from "./sidecarUnavailableError.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
export type Query = Readonly<Record<string, string | number | undefined>>;

export interface ApiCall {
  readonly method: Method;
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
  /** Longest silence of the sidecar, in ms. */
  readonly timeLimitMs?: number;
  readonly signal?: AbortSignal;
}

const TIME_LIMIT_MS = 30_000;

/** JSON over HTTP to one sidecar, on connections that are kept open between calls. */
export class ApiTransport {
  readonly #url: string;
  readonly #token: string;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(url: string, token: string) {
    this.#url = url.replace(/\/+$/, "");
    this.#token = token;
  }

  /**
   * The answer's text, of a status below 300.
   * @throws ApiError, SidecarUnavailableError, or the signal's reason.
   */
  async send(call: ApiCall): Promise<string> {
    const response = await this.open(call);
    const text = await readText(response, this.#url);
    const status = response.statusCode ?? 0;
    if (status >= 300) {
      throw errorFrom(status, text);
    }
    return text;
  }

  /**
   * The answer as soon as its head is there, whatever its status.
   * @throws SidecarUnavailableError, or the signal's reason.
   */
  open(call: ApiCall): Promise<IncomingMessage> {
    return this.#open(call, call.method !== "POST");
  }

  close(): void {
    this.#agent.destroy();
  }

  #open(call: ApiCall, mayRepeat: boolean): Promise<IncomingMessage> {
    const { method, path, query, body, timeLimitMs = TIME_LIMIT_MS, signal } = call;
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const outgoing = request(`${this.#url}${path}${queryString(query)}`, {
        method,
        agent: this.#agent,
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(payload === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(payload) }),
        },
        ...(signal === undefined ? {} : { signal }),
      });
      outgoing.setTimeout(timeLimitMs, () => {
        outgoing.destroy(
          new SidecarUnavailableError(
            `The sidecar at ${this.#url} has not answered for ${Math.round(timeLimitMs / 1_000)} s.`,
          ),
        );
      });
      outgoing.on("error", (error: NodeJS.ErrnoException) => {
        if (signal?.aborted) {
          reject(signal.reason);
        } else if (mayRepeat && outgoing.reusedSocket && error.code === "ECONNRESET") {
          // The sidecar closed an idle connection just as we took it up again.
          resolve(this.#open(call, false));
        } else {
          reject(unavailable(error, this.#url));
        }
      });
      outgoing.on("response", resolve);
      outgoing.end(payload);
    });
  }
}

function readText(response: IncomingMessage, url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    response.on("error", (error) => reject(unavailable(error, url)));
  });
}

export function errorFrom(status: number, text: string): ApiError {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Said below.
  }
  const known = apiErrorSchema.safeParse(parsed);
  return known.success
    ? new ApiError(status, known.data.error.code, known.data.error.message)
    : new ApiError(status, "unreadable", `The sidecar answered with status ${status} and no reason`);
}

function unavailable(error: Error, url: string): SidecarUnavailableError {
  return error instanceof SidecarUnavailableError
    ? error
    : new SidecarUnavailableError(`The sidecar at ${url} cannot be reached: ${error.message}`, { cause: error });
}

function queryString(query: Query | undefined): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) {
      parameters.set(name, String(value));
    }
  }
  return parameters.size === 0 ? "" : `?${parameters}`;
}
