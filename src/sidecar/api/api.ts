import type { IncomingMessage, ServerResponse } from "node:http";
import { DEFAULT_SPENDER, estimateRequestSchema, spenderSchema } from "../../domain/api.ts";
import { ConfigError } from "../../domain/config.ts";
import { estimatesRequestSchema, modelQuerySchema } from "../../domain/modelApi.ts";
import { passWishSchema } from "../../domain/passApi.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Backends } from "../backends/backends.ts";
import type { ComputeReports } from "../compute/computeReports.ts";
import type { StopCommands } from "../compute/stopCommands.ts";
import type { Estimator } from "../estimator.ts";
import type { EventStream } from "../eventStream.ts";
import type { Figures } from "../figures.ts";
import type { Gatekeeper } from "../gatekeeper.ts";
import type { Models } from "../models.ts";
import type { Passes } from "../passes.ts";
import type { PublishedPrices } from "../prices/publishedPrices.ts";
import type { Runs } from "../runs.ts";
import type { Settings } from "../settings.ts";
import { backendRoutes } from "./backends.ts";
import { budgetRoutes } from "./budgets.ts";
import { callRoutes } from "./calls.ts";
import { computeRoutes } from "./compute.ts";
import {
  type ApiRequest,
  checked,
  HttpError,
  integerFrom,
  readAnyJson,
  readJson,
  sendError,
  sendJson,
} from "./http.ts";
import { priceRoutes } from "./prices.ts";

export interface ApiOptions {
  readonly settings: Settings;
  readonly passes: Passes;
  readonly runs: Runs;
  readonly published: PublishedPrices;
  readonly models: Models;
  readonly backends: Backends;
  readonly estimator: Estimator;
  readonly figures: Figures;
  readonly computeReports: ComputeReports;
  readonly stopCommands: StopCommands;
  readonly gatekeeper: Gatekeeper;
  readonly ledger: Ledger;
  readonly events: EventStream;
  readonly now: () => number;
  readonly timeZone: () => string;
  readonly shutDown: (why: string) => void;
  readonly log: (message: string) => void;
}

/** Of prompts whose cost is asked for, in bytes as JSON. */
const LARGEST_PROMPT = 16 * 1024 * 1024;

type Handler = (request: ApiRequest) => Promise<unknown> | unknown;

/** The API below `/api/v1/`, as CONTRACT names it and the panel, the status bar and the command line use it. */
export class Api {
  readonly #options: ApiOptions;
  readonly #claimed = new Set<string>();
  readonly #routes: Readonly<Record<string, Handler>>;

  constructor(options: ApiOptions) {
    this.#options = options;
    const { figures, settings, events, models, estimator } = options;
    this.#routes = {
      "GET status": () => figures.status(),
      "GET overview": ({ query }) =>
        figures.overview(
          integerFrom(query, "days", 30, 1, 366),
          checked(spenderSchema, query.get("by") ?? DEFAULT_SPENDER),
        ),
      ...callRoutes(options),
      ...computeRoutes(options),
      ...budgetRoutes(options),
      "GET providers": async () => ({ providers: await settings.providerInfos() }),
      "GET providers * health": ({ segments }) => settings.providerHealth(segments[1] ?? ""),
      "GET config": () => settings.config,
      "PATCH config": async (request) => settings.patch(await readAnyJson(request), "api"),
      "GET passes": () => ({ passes: options.passes.list(options.now()) }),
      "POST passes": async (request) => settings.pass(await readJson(request, passWishSchema)),
      "DELETE passes *": ({ segments }) => this.#revokePass(segments[1] ?? ""),
      "GET models": ({ query }) => this.#listModels(query),
      "GET models *": ({ segments, query }) => models.show(segments[1] ?? "", query.get("provider") ?? undefined),
      "POST estimate": async (request) =>
        estimator.estimate(await readJson(request, estimateRequestSchema, LARGEST_PROMPT)),
      "POST estimates": async (request) =>
        estimator.estimates(await readJson(request, estimatesRequestSchema, LARGEST_PROMPT)),
      ...priceRoutes(options),
      ...backendRoutes(options.backends),
      "POST alerts * claim": ({ segments }) => this.#claim(segments[1] ?? ""),
      "POST shutdown": (request) => this.#shutDown(request),
      "GET events": ({ response, query }) => {
        events.add(response);
        options.runs.follow(query.get("run") ?? "", response);
        return undefined;
      },
    };
  }

  /** Answers one request. Never throws. */
  async handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(message.url ?? "/", "http://127.0.0.1");
      const segments = url.pathname.slice("/api/v1/".length).split("/").map(decodeSegment);
      const request: ApiRequest = {
        method: message.method ?? "GET",
        segments,
        query: url.searchParams,
        message,
        response,
      };
      const handler = this.#handlerFor(request);
      // A client that has its answer finds its call in the books: what is being booked is waited for. A disk that takes
      // nothing is told of in the notices.
      await this.#options.ledger.flush().catch(() => {});
      const result = await handler(request);
      if (result !== undefined) {
        sendJson(response, 200, result);
      }
    } catch (error) {
      this.#fail(response, error);
    }
  }

  #handlerFor({ method, segments }: ApiRequest): Handler {
    const [first, second, third] = segments;
    const shapes =
      segments.length === 1
        ? [`${first}`]
        : segments.length === 2
          ? [`${first} ${second}`, `${first} *`]
          : segments.length === 3
            ? [`${first} * ${third}`, `${first} * *`]
            : [];
    for (const shape of shapes) {
      const handler = Object.hasOwn(this.#routes, `${method} ${shape}`)
        ? this.#routes[`${method} ${shape}`]
        : undefined;
      if (handler !== undefined) {
        return handler;
      }
    }
    const others = shapes.flatMap((shape) =>
      Object.keys(this.#routes).filter((route) => route.split(" ").slice(1).join(" ") === shape),
    );
    if (others.length > 0) {
      throw new HttpError(
        405,
        "method_not_allowed",
        `${method} is not for this route; it takes ${others.map((route) => route.split(" ")[0]).join(", ")}`,
      );
    }
    throw new HttpError(404, "not_found", `There is no /api/v1/${segments.join("/")}`);
  }

  #revokePass(id: string): unknown {
    if (!this.#options.passes.revoke(id)) {
      throw new HttpError(404, "not_found", `No pass has the id ${id}`);
    }
    return { revoked: id };
  }

  async #listModels(query: URLSearchParams): Promise<unknown> {
    const wanted = {
      provider: query.get("provider") ?? undefined,
      ability: query.getAll("ability").flatMap((names) => names.split(",")),
      tier: query.get("tier") ?? undefined,
    };
    return { models: await this.#options.models.list(checked(modelQuerySchema, wanted)) };
  }

  /** The first who claims an alert shows it; all others need not. */
  #claim(id: string): unknown {
    const claimed = !this.#claimed.has(id);
    this.#claimed.add(id);
    return { claimed };
  }

  async #shutDown(request: ApiRequest): Promise<unknown> {
    const body = await readAnyJson(request);
    const why = String((body as { why?: unknown } | null)?.why ?? "asked to");
    this.#options.shutDown(why);
    return { leaving: true };
  }

  #fail(response: ServerResponse, error: unknown): void {
    if (error instanceof HttpError) {
      sendError(response, error.status, error.code, error.message);
    } else if (error instanceof ConfigError) {
      sendError(response, 400, "invalid_request", error.message);
    } else {
      this.#options.log(`A request to the API failed: ${error instanceof Error ? error.stack : String(error)}`);
      sendError(response, 500, "tollgate_error", error instanceof Error ? error.message : String(error));
    }
  }
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new HttpError(400, "invalid_request", `The path holds a malformed escape: ${segment}`);
  }
}
