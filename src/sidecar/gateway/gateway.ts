import type { IncomingMessage, ServerResponse } from "node:http";
import type { Config, Provider } from "../../domain/config.ts";
import type { PriceBook } from "../../domain/priceBook.ts";
import type { Protocol } from "../../domain/protocol.ts";
import { errorShapeOf, protocolFor } from "../../domain/protocols/families.ts";
import type { UsualOutput } from "../../domain/usualOutput.ts";
import type { BookReader } from "../../ledger/bookReader.ts";
import { Departure } from "../departure.ts";
import type { Gatekeeper } from "../gatekeeper.ts";
import type { Passes } from "../passes.ts";
import { TokenCounter } from "../tokens/tokenCounter.ts";
import { answer, failUnreached } from "./answer.ts";
import { wholeBody } from "./body.ts";
import { DeferredCalls } from "./deferredCalls.ts";
import { forwardedRequestHeaders, forwardedResponseHeaders } from "./headers.ts";
import { MeteredCalls } from "./meteredCalls.ts";
import { parseGatewayPath, type Target, targetOf } from "./route.ts";
import { answerOf, Upstream } from "./upstream.ts";

/** What the gateway works with. `config` and `prices` are read anew for each call, since they can change. */
export interface GatewayOptions {
  readonly gatekeeper: Gatekeeper;
  readonly books: BookReader;
  readonly passes: Passes;
  readonly usual: UsualOutput;
  readonly config: () => Config;
  readonly prices: () => PriceBook;
  readonly now: () => number;
  /** Told of faults in Tollgate itself, never of secrets or contents. */
  readonly log: (message: string) => void;
}

/** The proxy that every call passes: holds before it leaves, settles after it. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #upstream = new Upstream();
  readonly #tokenCounter = new TokenCounter();
  readonly #deferred: DeferredCalls;
  readonly #metered: MeteredCalls;
  #inFlight = 0;
  readonly #idle: Array<() => void> = [];

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#deferred = new DeferredCalls(options);
    const parts = { upstream: this.#upstream, tokenCounter: this.#tokenCounter, deferred: this.#deferred };
    this.#metered = new MeteredCalls({ ...options, ...parts });
  }

  get callsInFlight(): number {
    return this.#inFlight;
  }

  /** Handles one request below `/p/`. Never throws. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#inFlight += 1;
    try {
      await this.#route(request, response);
    } catch (error) {
      this.#options.log(`A call failed inside Tollgate: ${error instanceof Error ? error.stack : String(error)}`);
      answer(response, errorShapeOf("openai").fail(500, "tollgate_error", "Tollgate failed; see its log"));
    } finally {
      this.#inFlight -= 1;
      if (this.#inFlight === 0) {
        for (const resolve of this.#idle.splice(0)) {
          resolve();
        }
      }
    }
  }

  /** Resolves when no call is under way, settlements included. */
  idle(): Promise<void> {
    return this.#inFlight === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  close(): void {
    this.#upstream.close();
    this.#tokenCounter.close();
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = parseGatewayPath(request.url ?? "");
    const providers = this.#options.config().providers;
    const provider: Provider | undefined = path === null ? undefined : ownValue(providers, path.provider);
    const shape = errorShapeOf(provider?.protocol ?? "openai");
    if (path === null) {
      return answer(
        response,
        shape.fail(404, "not_found", "Gateway addresses are /p/<pass>/<provider>/…: see tollgate pass"),
      );
    }
    const caller = this.#options.passes.callerOf(path.pass);
    if (caller === undefined) {
      return answer(
        response,
        shape.fail(401, "invalid_pass", "This base URL holds no valid pass. Get one with: tollgate pass"),
      );
    }
    if (provider === undefined) {
      const known = Object.keys(providers).join(", ");
      return answer(
        response,
        shape.fail(404, "unknown_provider", `No provider is named ${path.provider}. Known: ${known}`),
      );
    }
    const target = targetOf(provider.baseUrl, path.rest, path.search);
    if (target === null) {
      return answer(response, shape.fail(400, "invalid_path", "The path leaves the provider's base address"));
    }
    const departure = new Departure();
    response.once("close", () => {
      if (!response.writableFinished) {
        departure.announce();
      }
    });
    const method = request.method ?? "GET";
    const found = protocolFor(provider.protocol, method, target.route, provider.baseUrl);
    if (found?.kind === "metered") {
      const passage = { request, response, caller, providerName: path.provider, target, departure };
      return this.#metered.run({ ...passage, protocol: found.protocol });
    }
    if (found?.kind === "collect") {
      const { protocol } = found;
      return this.#pass(request, response, target, shape, departure, async (incoming, body) => {
        const collected = protocol.readCollected?.(target.route, incoming.statusCode ?? 0, body) ?? null;
        if (collected !== null) {
          await this.#deferred.collect(path.provider, collected);
        }
      });
    }
    if (found?.kind === "free" || method === "GET" || method === "HEAD" || method === "OPTIONS") {
      return this.#pass(request, response, target, shape, departure);
    }
    return answer(response, shape.refuse(this.#options.gatekeeper.unmetered()));
  }

  /** Passes a call that costs nothing, body and answer untouched. `look` is told of an answer that came through whole. */
  async #pass(
    request: IncomingMessage,
    response: ServerResponse,
    target: Target,
    shape: Pick<Protocol, "fail">,
    departure: Departure,
    look?: (incoming: IncomingMessage, body: Buffer) => Promise<void>,
  ): Promise<void> {
    const headers = forwardedRequestHeaders(request, target.server.host, null, look !== undefined);
    const outgoing = this.#upstream.open(request.method ?? "GET", target, headers);
    const answered = answerOf(outgoing, target.server.host, departure);
    request.pipe(outgoing);
    try {
      const incoming = await answered;
      response.writeHead(
        incoming.statusCode ?? 502,
        incoming.statusMessage,
        forwardedResponseHeaders(incoming, {}, true),
      );
      incoming.on("error", () => response.destroy());
      incoming.on("aborted", () => response.destroy());
      const seen = look === undefined ? null : wholeBody(incoming);
      incoming.pipe(response);
      await new Promise((resolve) => response.once("close", resolve));
      incoming.destroy();
      const body = await seen;
      if (body !== null && look !== undefined) {
        await look(incoming, body);
      }
    } catch (error) {
      failUnreached(error, response, shape);
    }
  }
}

function ownValue<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
