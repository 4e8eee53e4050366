import type { IncomingMessage, ServerResponse } from "node:http";
import type { Config, Provider } from "../../domain/config.ts";
import type { PriceBook } from "../../domain/priceBook.ts";
import { errorShapeOf, protocolFor } from "../../domain/protocols/families.ts";
import type { BookReader } from "../../ledger/bookReader.ts";
import type { BudgetSwitches } from "../backends/budgetSwitches.ts";
import type { FailureLog } from "../backends/failureLog.ts";
import { Departure } from "../departure.ts";
import type { Gatekeeper } from "../gatekeeper.ts";
import type { Learned } from "../learned.ts";
import type { CallLimits } from "../limits/callLimits.ts";
import { type Link, LinkError, type Links } from "../links.ts";
import type { Passes } from "../passes.ts";
import type { TokenCounter } from "../tokens/tokenCounter.ts";
import type { Turn } from "../turn.ts";
import type { Tunnel } from "../upgrades.ts";
import { answer } from "./answer.ts";
import { CollectedAnswers } from "./collectedAnswers.ts";
import { DeferredCalls } from "./deferredCalls.ts";
import { MeteredCalls } from "./meteredCalls.ts";
import type { Passage } from "./passage.ts";
import { passThrough } from "./passThrough.ts";
import { parseGatewayPath, targetOf } from "./route.ts";
import { UnknownCalls } from "./unknownCalls.ts";
import type { Upstream } from "./upstream.ts";

/** What the gateway works with. `config` and `prices` are read anew for each call, since they can change. */
export interface GatewayOptions {
  readonly gatekeeper: Gatekeeper;
  /** Closed with the gateway. */
  readonly upstream: Upstream;
  readonly turn: Turn;
  readonly failures: FailureLog;
  readonly limits: CallLimits;
  readonly books: BookReader;
  readonly passes: Passes;
  readonly learned: Learned;
  readonly tokenCounter: TokenCounter;
  readonly links: Links;
  readonly switches: BudgetSwitches;
  readonly config: () => Config;
  readonly prices: () => PriceBook;
  readonly now: () => number;
  /** Told of faults in Tollgate itself, never of secrets or contents. */
  readonly log: (message: string) => void;
}

/** The proxy that every call passes: holds before it leaves, settles after it. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #collected: CollectedAnswers;
  readonly #metered: MeteredCalls;
  readonly #unknown: UnknownCalls;
  #inFlight = 0;
  #unanswered = 0;
  readonly #idle: Array<() => void> = [];

  constructor(options: GatewayOptions) {
    this.#options = options;
    const deferred = new DeferredCalls(options);
    this.#collected = new CollectedAnswers({ ...options, deferred });
    this.#metered = new MeteredCalls({ ...options, deferred });
    this.#unknown = new UnknownCalls(options);
  }

  get callsInFlight(): number {
    return this.#inFlight;
  }

  /** Of those the ones whose answer is not through to its client; without WebSockets. */
  get callsUnanswered(): number {
    return this.#unanswered;
  }

  /** Handles one request below `/p/`, or one that wants its connection to become a WebSocket. Never throws. */
  async handle(request: IncomingMessage, response: ServerResponse, tunnel?: Tunnel): Promise<void> {
    this.#inFlight += 1;
    try {
      await this.#route(request, response, tunnel);
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
    this.#options.upstream.close();
  }

  async #route(request: IncomingMessage, response: ServerResponse, tunnel: Tunnel | undefined): Promise<void> {
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
    const pass = this.#options.passes.use(path.pass, this.#options.now());
    if (pass === undefined) {
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
    const { caller, upstreams } = pass;
    const baseUrl = ownValue(upstreams, path.provider) ?? provider.baseUrl;
    let link: Link | null;
    try {
      // What is for the provider's own server does not go to another one that a pass leads to.
      link = baseUrl === provider.baseUrl ? this.#options.links.of(path.provider, provider) : null;
    } catch (error) {
      if (error instanceof LinkError) {
        return answer(response, shape.fail(400, "provider_misconfigured", error.message));
      }
      throw error;
    }
    const target = targetOf(baseUrl, path.rest, path.search, link);
    if (target === null) {
      return answer(response, shape.fail(400, "invalid_path", "The path leaves the provider's base address"));
    }
    const departure = new Departure();
    response.once("close", () => {
      if (!response.writableFinished) {
        departure.announce();
      }
    });
    const passage: Passage = { request, response, caller, providerName: path.provider, target, departure, tunnel };
    if (tunnel !== undefined) {
      return this.#unknown.run(passage, shape);
    }
    this.#unanswered += 1;
    response.once("close", () => {
      this.#unanswered -= 1;
    });
    const method = request.method ?? "GET";
    const found = protocolFor(provider.protocol, method, target.route, baseUrl);
    if (found?.kind === "metered") {
      return this.#metered.run({ ...passage, protocol: found.protocol });
    }
    if (found?.kind === "collect") {
      return this.#collected.run({ ...passage, protocol: found.protocol });
    }
    if (found?.kind === "free" || method === "GET" || method === "HEAD" || method === "OPTIONS") {
      await passThrough(this.#options.upstream, passage, { shape });
      return;
    }
    return this.#unknown.run(passage, shape);
  }
}

function ownValue<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
