import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { sendError, sendJson } from "./api/http.ts";
import { type Tunnel, takeUpgrades } from "./upgrades.ts";

/** What stands behind the one port: the gateway below `/p/`, the API, and probes. */
export interface Services {
  gateway(request: IncomingMessage, response: ServerResponse, tunnel?: Tunnel): Promise<void>;
  api(request: IncomingMessage, response: ServerResponse): Promise<void>;
  metrics(): string;
  health(): { readonly ready: boolean; readonly body: Record<string, unknown> };
  readonly token: string;
}

/** Names under which this machine reaches itself; any other `Host` is a web page that rebound its name to 127.0.0.1. */
const LOOPBACK_HOST = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i;

const TIDY_MS = 20;

/** One HTTP server on loopback for gateway and API. */
export class LoopbackServer {
  readonly #server: Server;
  /** Answers that have begun and are not through to their clients. */
  #openAnswers = 0;
  /** The server lets go of connections that have become WebSockets. */
  readonly #webSockets = new Set<Socket>();

  constructor(services: Services) {
    const answer = (request: IncomingMessage, response: ServerResponse, tunnel?: Tunnel) => {
      this.#openAnswers += 1;
      // A response lets go of a connection that becomes a WebSocket.
      (tunnel?.socket ?? response).once("close", () => {
        this.#openAnswers -= 1;
      });
      response.on("error", () => response.destroy());
      void route(services, request, response, tunnel);
    };
    this.#server = createServer({ requestTimeout: 0, headersTimeout: 60_000, keepAliveTimeout: 60_000 }, answer);
    // A client that says `Expect: 100-continue` is told to go on; the body is then read like any other.
    this.#server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
      response.writeContinue();
      answer(request, response);
    });
    takeUpgrades(this.#server, (request, response, tunnel) => {
      const { socket } = tunnel;
      this.#webSockets.add(socket);
      socket.once("close", () => this.#webSockets.delete(socket));
      answer(request, response, tunnel);
    });
  }

  /** Listens on the first of the given ports that is free; 0 takes any. Gives the port. */
  async listen(ports: readonly number[]): Promise<number> {
    for (const [index, port] of ports.entries()) {
      try {
        await this.#listenOn(port);
        return (this.#server.address() as AddressInfo).port;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if ((code !== "EADDRINUSE" && code !== "EACCES") || index === ports.length - 1) {
          throw error;
        }
      }
    }
    throw new Error("No port was given");
  }

  /**
   * Takes no more connections and resolves when the answers under way are through, or broken off after `limitMs`. Clients
   * keep their connections open after an answer, and some open one without asking anything: those are closed.
   */
  async close(limitMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const tidy = setInterval(() => {
      if (this.#openAnswers === 0) {
        this.#server.closeAllConnections();
      } else {
        this.#server.closeIdleConnections();
      }
    }, TIDY_MS);
    const limit = setTimeout(() => {
      this.#server.closeAllConnections();
      for (const socket of this.#webSockets) {
        socket.destroy();
      }
    }, limitMs);
    await closed;
    clearInterval(tidy);
    clearTimeout(limit);
  }

  #listenOn(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
        this.#server.removeListener("error", reject);
        resolve();
      });
    });
  }
}

async function route(
  services: Services,
  request: IncomingMessage,
  response: ServerResponse,
  tunnel: Tunnel | undefined,
): Promise<void> {
  const url = request.url ?? "/";
  if (!LOOPBACK_HOST.test(request.headers.host ?? "") || hasTwoHosts(request.rawHeaders)) {
    return sendError(response, 403, "forbidden_host", "Tollgate answers only under loopback names, such as 127.0.0.1");
  }
  if (request.headers.origin !== undefined) {
    return sendError(response, 403, "forbidden_origin", "Tollgate does not answer web pages");
  }
  if (url.startsWith("/p/")) {
    return services.gateway(request, response, tunnel);
  }
  const path = url.split("?")[0];
  if (path === "/live") {
    return sendJson(response, 200, { live: true });
  }
  if (path === "/ready" || path === "/health") {
    const { ready, body } = services.health();
    return sendJson(response, ready || path === "/health" ? 200 : 503, path === "/ready" ? { ready } : body);
  }
  if (path !== "/metrics" && !path?.startsWith("/api/v1/")) {
    return sendError(response, 404, "not_found", `Nothing is at ${path}`);
  }
  if (!isBearer(request.headers.authorization, services.token)) {
    return sendError(response, 401, "unauthorized", "Send the token of the data folder: authorization: Bearer …");
  }
  if (path === "/metrics") {
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
    response.end(services.metrics());
    return;
  }
  return services.api(request, response);
}

/** Of two, programs do not agree which one holds. */
function hasTwoHosts(rawHeaders: readonly string[]): boolean {
  let found = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    found += name.length === 4 && name.toLowerCase() === "host" ? 1 : 0;
  }
  return found > 1;
}

function isBearer(header: string | undefined, token: string): boolean {
  const given = Buffer.from(header?.replace(/^Bearer +/i, "") ?? "");
  const wanted = Buffer.from(token);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
