import {
  type AgentOptions,
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { giveBack, isLarge } from "../../domain/memory.ts";
import { ClientGoneError, type Departure } from "../departure.ts";
import type { Link, LinkTls } from "../links.ts";
import { agentFor, ProxyError, type ProxyServer, proxyTo, requestThrough } from "../proxies.ts";
import type { Turn } from "../turn.ts";
import type { ProviderServer, Target } from "./route.ts";

/**
 * How long an upstream may stay silent, in ms: longer than clients wait, so that theirs is the limit that counts. That a server
 * is gone without a word shows earlier, for connections are probed while they are silent.
 */
const SILENCE_LIMIT_MS = 60 * 60_000;

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

/** Providers with TLS settings are few; settings that have changed leave theirs behind. */
const MOST_LINKED = 32;

/** Connections to providers, kept alive between calls: directly, or through the proxy that the environment names. */
export class Upstream {
  readonly #turn: Turn;
  readonly #silenceLimitMs: number;
  readonly #connections: AgentOptions;
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;
  /** Connections with TLS settings of their own are not shared with others. */
  readonly #linked = new Map<LinkTls, HttpAgent>();
  /** The proxy before each server that was asked; null where none is. */
  readonly #proxies = new WeakMap<ProviderServer, ProxyServer | null>();
  readonly #proxied = new Map<ProviderServer, HttpAgent>();
  /** Requests with large bodies, by their answers. */
  readonly #asked = new WeakMap<IncomingMessage, ClientRequest>();

  constructor(turn: Turn, silenceLimitMs = SILENCE_LIMIT_MS) {
    this.#turn = turn;
    this.#silenceLimitMs = silenceLimitMs;
    this.#connections = { ...KEPT, timeout: silenceLimitMs };
    this.#http = new HttpAgent(this.#connections);
    this.#https = new HttpsAgent(this.#connections);
  }

  /**
   * Opens a request; `headers` are raw. Nothing is sent until something is written or the request is ended.
   * @throws UpstreamError where the environment names a proxy that cannot be used.
   */
  async open(
    method: string,
    { server, path, link }: Where,
    headers: string[],
    onNewConnection = false,
  ): Promise<ClientRequest> {
    const { secure, hostname, port } = server;
    const all = link === null ? headers : withHeaders(headers, link);
    const request = { hostname, port, path, method, headers: all, setDefaultHeaders: false };
    const known = this.#proxies.get(server);
    const proxy = known === undefined ? await this.#proxyTo(server) : known;
    if (proxy !== null) {
      const agent = onNewConnection ? agentFor(proxy, {}) : this.#proxiedAgent(proxy, server, link);
      return requestThrough(proxy, server, { ...request, ...link?.tls, timeout: this.#silenceLimitMs, agent });
    }
    const send = secure ? httpsRequest : httpRequest;
    return onNewConnection
      ? send({ ...request, ...link?.tls, timeout: this.#silenceLimitMs, agent: false })
      : send({ ...request, agent: secure ? this.#httpsAgent(link) : this.#http });
  }

  /** The server as people are told of it. */
  nameOf(server: ProviderServer): string {
    const proxy = this.#proxies.get(server) ?? null;
    return proxy === null ? server.host : `${server.host} (through the proxy ${proxy.name})`;
  }

  async #proxyTo(server: ProviderServer): Promise<ProxyServer | null> {
    try {
      const proxy = await proxyTo(server);
      this.#proxies.set(server, proxy);
      return proxy;
    } catch (error) {
      throw error instanceof ProxyError ? new UpstreamError("upstream_unreachable", error.message) : error;
    }
  }

  #httpsAgent(link: Link | null): HttpAgent {
    return link === null || link.tls === null
      ? this.#https
      : this.#linkedAgent(link.tls, () => new HttpsAgent({ ...this.#connections, ...link.tls }));
  }

  /** TLS settings go with each request: they are for the server, not for the proxy. */
  #proxiedAgent(proxy: ProxyServer, server: ProviderServer, link: Link | null): HttpAgent {
    if (link !== null && link.tls !== null) {
      return this.#linkedAgent(link.tls, () => agentFor(proxy, KEPT));
    }
    let agent = this.#proxied.get(server);
    if (agent === undefined) {
      agent = agentFor(proxy, KEPT);
      this.#proxied.set(server, agent);
    }
    return agent;
  }

  #linkedAgent(tls: LinkTls, make: () => HttpAgent): HttpAgent {
    let agent = this.#linked.get(tls);
    if (agent === undefined) {
      if (this.#linked.size >= MOST_LINKED) {
        this.#closeLinked();
      }
      agent = make();
      this.#linked.set(tls, agent);
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
    const first = await this.open(method, where, headers);
    const host = this.nameOf(where.server);
    const answered = this.answerOf(first, host, departure);
    if (this.#turn.isCrowded) {
      this.#turn.atEnd(() => endWith(first, body));
    } else {
      endWith(first, body);
    }
    try {
      return this.#answered(first, await answered, body);
    } catch (error) {
      if (!(error instanceof UpstreamError && error.code === "upstream_closed" && first.reusedSocket)) {
        throw error;
      }
    }
    const second = await this.open(method, where, headers, true);
    const answeredAgain = this.answerOf(second, host, departure);
    endWith(second, body);
    return this.#answered(second, await answeredAgain, body);
  }

  #answered(request: ClientRequest, answer: IncomingMessage, body: Buffer): IncomingMessage {
    if (isLarge(body)) {
      this.#asked.set(answer, request);
    }
    return answer;
  }

  /** Gives the memory of an answered request's body back, which nobody else reads, as soon as the kernel has all of it. */
  giveBackSent(answer: IncomingMessage, body: Buffer): void {
    const request = this.#asked.get(answer);
    if (request?.writableFinished) {
      giveBack(body);
    } else {
      request?.once("finish", () => giveBack(body));
    }
  }

  /** The answer's head. @throws UpstreamError, or ClientGoneError when the client goes first; then the request is ended. */
  answerOf(request: ClientRequest, host: string, departure: Departure): Promise<IncomingMessage> {
    return answerOf(request, host, departure, this.#silenceLimitMs);
  }

  close(): void {
    for (const agent of [this.#http, this.#https, ...this.#linked.values(), ...this.#proxied.values()]) {
      agent.destroy();
    }
  }
}

const KEPT: AgentOptions = { keepAlive: true, maxFreeSockets: 64, scheduling: "lifo" };

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
  if (request.destroyed) {
    return;
  }
  if (body.length <= SMALL_BODY) {
    request.end(body.toString("latin1"), "latin1");
  } else {
    request.end(body);
  }
}

function answerOf(
  request: ClientRequest,
  host: string,
  departure: Departure,
  silenceLimitMs: number,
): Promise<IncomingMessage> {
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
        new UpstreamError("upstream_silent", `${host} sent nothing for ${silenceLimitMs / 60_000} minutes`),
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
  if (error instanceof ProxyError) {
    return new UpstreamError("upstream_unreachable", error.message);
  }
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
