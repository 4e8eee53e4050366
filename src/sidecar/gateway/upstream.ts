import {
  type AgentOptions,
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { ClientGoneError, type Departure } from "../departure.ts";
import type { Link, LinkTls } from "../links.ts";
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
export type Where = Pick<Target, "server" | "path" | "link">;

const CONNECTIONS: AgentOptions = {
  keepAlive: true,
  maxFreeSockets: 64,
  scheduling: "lifo",
  timeout: SILENCE_LIMIT_MS,
};

/** Providers with TLS settings are few; settings that have changed leave theirs behind. */
const MOST_LINKED = 32;

/** Connections to providers, kept alive between calls. */
export class Upstream {
  readonly #http = new HttpAgent(CONNECTIONS);
  readonly #https = new HttpsAgent(CONNECTIONS);
  /** Connections with TLS settings of their own are not shared with others. */
  readonly #linked = new Map<LinkTls, HttpsAgent>();

  /** Opens a request; `headers` are raw. Nothing is sent until something is written or the request is ended. */
  open(method: string, { server, path, link }: Where, headers: string[], onNewConnection = false): ClientRequest {
    const { secure, hostname, port } = server;
    const send = secure ? httpsRequest : httpRequest;
    const agent = onNewConnection ? false : secure ? this.#httpsAgent(link) : this.#http;
    const all = link === null ? headers : withHeaders(headers, link);
    const options = { hostname, port, path, method, headers: all, agent, setDefaultHeaders: false };
    return send(onNewConnection ? { ...options, ...link?.tls, timeout: SILENCE_LIMIT_MS } : options);
  }

  #httpsAgent(link: Link | null): HttpsAgent {
    if (link === null || link.tls === null) {
      return this.#https;
    }
    let agent = this.#linked.get(link.tls);
    if (agent === undefined) {
      if (this.#linked.size >= MOST_LINKED) {
        this.#closeLinked();
      }
      agent = new HttpsAgent({ ...CONNECTIONS, ...link.tls });
      this.#linked.set(link.tls, agent);
    }
    return agent;
  }

  /** Of agents that are let go only idle connections end. */
  #closeLinked(): void {
    for (const agent of this.#linked.values()) {
      for (const socket of Object.values(agent.freeSockets).flat()) {
        socket?.destroy();
      }
    }
    this.#linked.clear();
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
    endWith(first, body);
    try {
      return await answered;
    } catch (error) {
      if (!(error instanceof UpstreamError && error.code === "upstream_closed" && first.reusedSocket)) {
        throw error;
      }
    }
    const second = this.open(method, where, headers, true);
    const answeredAgain = answerOf(second, host, departure);
    endWith(second, body);
    return answeredAgain;
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
    for (const agent of this.#linked.values()) {
      agent.destroy();
    }
  }
}

/** Raw headers with a link's in the place of those of the same names, and without those that stay here. */
function withHeaders(headers: readonly string[], { headers: others, withoutHeaders = [] }: Link): string[] {
  const named = others.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
  const left = new Set([...named, ...withoutHeaders]);
  const kept = headers.filter((_, index) => !left.has((headers[index - (index % 2)] as string).toLowerCase()));
  return [...kept, ...others];
}

/** Head and body of a small request leave together in one piece, as text of one byte a character; larger ones are not copied. */
const SMALL_BODY = 16 * 1_024;

function endWith(request: ClientRequest, body: Buffer): void {
  if (body.length <= SMALL_BODY) {
    request.end(body.toString("latin1"), "latin1");
  } else {
    request.end(body);
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
  if (UNTRUSTED.test(error.code ?? "")) {
    return new UpstreamError("upstream_unreachable", untrusted(host, error.code ?? ""));
  }
  return new UpstreamError("upstream_unreachable", `${host} cannot be reached (${error.code ?? error.message})`);
}

/** As OpenSSL and Node name what is wrong with a server's certificate. */
const UNTRUSTED = /SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|CERT_|ALTNAME/;

/** What can be done about a certificate that is not trusted. */
export function untrusted(host: string, code: string): string {
  return `${host} shows a certificate that is not trusted here (${code}). Where it is signed by an authority of your own, name that one's certificate as tls.caFile of the provider`;
}
