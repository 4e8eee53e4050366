import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Attribution } from "../../domain/budget.ts";
import type { Config } from "../../domain/config.ts";
import { pauseAskedFor } from "../../domain/rateLimits/providerPause.ts";
import { type Limited, RateLimiter, type Taken } from "../../domain/rateLimits/rateLimiter.ts";
import type { RateLimit } from "../../domain/rateLimits/rateLimitSettings.ts";
import type { Departure } from "../departure.ts";
import { KEY_HEADERS } from "../gateway/headers.ts";

/** Providers that ask for a pause are few, and pauses short. */
const MOST_PAUSES = 1_000;
/** The longest `retry-after` in seconds: some clients wait silently for as long as they are told. */
const LONGEST_RETRY_AFTER = 30;

export interface CallLimitsOptions {
  readonly config: () => Config;
  /** By the calendar, ms since the epoch: providers name times. */
  readonly now: () => number;
  /** A clock in ms that nobody sets, so that no minute lasts longer because this machine's clock was set. */
  readonly steady: () => number;
}

/** A call that may go, with what it took; or what it ran into. */
export type Turn =
  | { readonly kind: "go"; readonly taken: Taken }
  | { readonly kind: "limited"; readonly message: string; readonly retryAfterSeconds: number };

/** Nothing was counted. */
const NOTHING_TAKEN: Taken = [];
/** The turn of a call that nothing limits. */
export const GO: Turn = { kind: "go", taken: NOTHING_TAKEN };

/** Limits of requests and tokens a minute: the user's own, and pauses that providers ask for. In memory. */
export class CallLimits {
  readonly #options: CallLimitsOptions;
  readonly #limiter = new RateLimiter();
  #rules: readonly RateLimit[] = [];
  /** Until when a provider wants no call of a key and a model, ms by the steady clock. */
  readonly #pauses = new Map<string, number>();

  constructor(options: CallLimitsOptions) {
    this.#options = options;
  }

  /** Whether nothing limits any call now: then none needs to ask. */
  get isIdle(): boolean {
    return this.#pauses.size === 0 && this.#options.config().rateLimits.rules.length === 0;
  }

  /** Waits for room, for as long as is configured; a client that leaves meanwhile goes without having been counted. */
  async admit(call: Attribution, tokens: number, request: IncomingMessage, departure: Departure): Promise<Turn> {
    const { rules, waitMs, obeyProviders } = this.#options.config().rateLimits;
    if (rules !== this.#rules) {
      this.#limiter.setRules(rules);
      this.#rules = rules;
    }
    const deadline = this.#options.steady() + waitMs;
    for (;;) {
      const now = this.#options.steady();
      const limited = this.#limiter.limitOn(call, tokens, now);
      if (limited !== null && now + limited.waitMs > deadline) {
        return { kind: "limited", ...answerTo(limited) };
      }
      const pause = obeyProviders ? this.#pauseOf(call, request, now) : 0;
      // A provider that asks for more than that may well mean something else: it is asked, and answers for itself.
      const wait = Math.max(limited?.waitMs ?? 0, now + pause > deadline ? 0 : pause);
      if (wait === 0) {
        return { kind: "go", taken: this.#limiter.take(call, tokens, now) };
      }
      await departureOr(wait, departure);
      if (departure.hasGone) {
        return GO;
      }
    }
  }

  /** The call has ended and has used so many tokens. */
  settle(taken: Taken, usedTokens: number): void {
    if (taken.length > 0) {
      this.#limiter.settle(taken, usedTokens, this.#options.steady());
    }
  }

  /** The call was not sent after all. */
  giveBack(taken: Taken): void {
    if (taken.length > 0) {
      this.#limiter.giveBack(taken, this.#options.steady());
    }
  }

  /** Looks at what a provider says of its own limits. */
  observe(call: Attribution, request: IncomingMessage, answer: IncomingMessage): void {
    const { now, steady } = this.#options;
    const pause = pauseAskedFor(answer.statusCode ?? 0, answer.headers, now());
    if (pause > 0 && this.#options.config().rateLimits.obeyProviders) {
      if (this.#pauses.size >= MOST_PAUSES) {
        this.#pauses.clear();
      }
      this.#pauses.set(whoseLimit(call, request), steady() + pause);
    }
  }

  #pauseOf(call: Attribution, request: IncomingMessage, now: number): number {
    if (this.#pauses.size === 0) {
      return 0;
    }
    const name = whoseLimit(call, request);
    const until = this.#pauses.get(name);
    if (until !== undefined && until <= now) {
      this.#pauses.delete(name);
    }
    return until === undefined ? 0 : Math.max(0, until - now);
  }
}

/** Providers count by key, and by model; keys are not kept. */
function whoseLimit({ provider, model }: Attribution, { headers }: IncomingMessage): string {
  const hash = createHash("sha256");
  for (const name of KEY_HEADERS) {
    hash.update(`${String(headers[name] ?? "")}\n`);
  }
  return `${provider}\n${model}\n${hash.digest("base64")}`;
}

function answerTo({ waitMs, rule, of }: Limited): { message: string; retryAfterSeconds: number } {
  const limit = of === "requests" ? rule.requestsPerMinute : rule.tokensPerMinute;
  const { requestsPerMinute: _, tokensPerMinute: __, each, ...scope } = rule;
  const covers = Object.entries(scope).map(([field, pattern]) => `${field} ${pattern}`);
  const whose = covers.length === 0 ? "" : ` for ${covers.join(", ")}`;
  const apart = each === undefined ? "" : `, for each ${each}`;
  const retryAfterSeconds = Math.min(LONGEST_RETRY_AFTER, Math.max(1, Math.ceil(waitMs / 1_000)));
  return {
    message: `Tollgate's limit of ${limit} ${of} a minute${whose}${apart} is reached. There is room again in ${retryAfterSeconds} s.`,
    retryAfterSeconds,
  };
}

function departureOr(ms: number, departure: Departure): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      departure.off(done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    departure.on(done);
  });
}
