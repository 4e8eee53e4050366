import {
  type AgentOptions,
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { ClientGoneError, type Departure } from "../departure.ts";
import type { Target } from "./route.ts";

/** How long an upstream may stay silent, in ms: longer than clients wait, so that theirs is the limit that counts. */
const SILENCE_LIMIT_MS = 15 * 60_000;

/** The upstream could not be reached, broke off, or stayed silent; `code` is as the ledger keeps it. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  readonly code: "upstream_unreachable" | "upstream_closed" | "upstream_silent";

  constructor(code: UpstreamError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** Where a request goes. */
export type Where = Pick<Target, "server" | "path">;

const CONNECTIONS: AgentOptions = {
  keepAlive: true,
  maxFreeSockets: 64,
  scheduling: "lifo",
  timeout: SILENCE_LIMIT_MS,
};

/** Connections to providers, kept alive between calls. */
export class Upstream {
  readonly #http = new HttpAgent(CONNECTIONS);
  readonly #https = new HttpsAgent(CONNECTIONS);

  /** Opens a request; `headers` are raw. Nothing is sent until something is written or the request is ended. */
  open(method: string, { server, path }: Where, headers: string[], onNewConnection = false): ClientRequest {
    const { secure, hostname, port } = server;
    const send = secure ? httpsRequest : httpRequest;
    const agent = onNewConnection ? false : secure ? this.#https : this.#http;
    const options = { hostname, port, path, method, headers, agent, setDefaultHeaders: false };
    return send(onNewConnection ? { ...options, timeout: SILENCE_LIMIT_MS } : options);
  }

  /**
   * Sends a whole request and gives the answer's head. A provider may close a connection that was kept alive in the very
   * moment it is used again; the request, of which it has read nothing then, goes out once more on a new one.
   * @throws as `answerOf`
   */
  async ask(
    method: string,
    where: Where,
    headers: string[],
    body: Buffer,
    departure: Departure,
  ): Promise<IncomingMessage> {
    const { host } = where.server;
    const first = this.open(method, where, headers);
    const answered = answerOf(first, host, departure);
    first.end(body);
    try {
      return await answered;
    } catch (error) {
      if (!(error instanceof UpstreamError && error.code === "upstream_closed" && first.reusedSocket)) {
        throw error;
      }
    }
    const second = this.open(method, where, headers, true);
    const answeredAgain = answerOf(second, host, departure);
    second.end(body);
    return answeredAgain;
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}

/** The answer's head. @throws UpstreamError, or ClientGoneError when the client goes first; then the request is ended. */
export function answerOf(request: ClientRequest, host: string, departure: Departure): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      request.destroy();
      reject(new ClientGoneError("The client went away"));
    };
    if (departure.hasGone) {
      abort();
      return;
    }
    departure.on(abort);
    request.on("timeout", () => {
      request.destroy(
        new UpstreamError("upstream_silent", `${host} sent nothing for ${SILENCE_LIMIT_MS / 60_000} minutes`),
      );
    });
    request.on("response", (response) => {
      departure.off(abort);
      resolve(response);
    });
    request.on("error", (error: NodeJS.ErrnoException) => {
      departure.off(abort);
      reject(error instanceof UpstreamError ? error : describe(error, host));
    });
  });
}

function describe(error: NodeJS.ErrnoException, host: string): UpstreamError {
  if (error.code === "ECONNRESET" || error.code === "EPIPE" || error.message === "socket hang up") {
    return new UpstreamError("upstream_closed", `${host} closed the connection before it answered`);
  }
  return new UpstreamError("upstream_unreachable", `${host} cannot be reached (${error.code ?? error.message})`);
}
