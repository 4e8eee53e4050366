import { type Attribution, scopeMatches } from "../budget.ts";
import { MinuteWindow } from "./minuteWindow.ts";
import type { RateLimit } from "./rateLimitSettings.ts";

/** Values that one rule counts apart; where there are more, the ones that came first begin anew. */
const MOST_APART = 10_000;

/** What stands in the way of a call. */
export interface Limited {
  /** Until there is room, in ms. */
  readonly waitMs: number;
  readonly rule: RateLimit;
  readonly of: "requests" | "tokens";
}

/** One part of what a call took of the limits. */
interface Part {
  readonly of: Limited["of"];
  readonly window: MinuteWindow;
  readonly second: number;
  readonly amount: number;
}
export type Taken = readonly Part[];

interface Windows {
  readonly requests: MinuteWindow | null;
  readonly tokens: MinuteWindow | null;
}

/** The windows of a rule: one for all calls, or one for each value that is counted apart. */
interface Meter {
  readonly rule: RateLimit;
  readonly apart: Map<string, Windows>;
}

/** Requests and tokens a minute, for whatever the rules cover. A call costs O(rules). Times are ms, from any one clock. */
export class RateLimiter {
  #meters: readonly Meter[] = [];

  /** Rules that stay as they were keep their count. */
  setRules(rules: readonly RateLimit[]): void {
    const before = new Map(this.#meters.map((meter) => [JSON.stringify(meter.rule), meter]));
    this.#meters = rules.map((rule) => before.get(JSON.stringify(rule)) ?? { rule, apart: new Map() });
  }

  /** What a call of so many expected tokens has to wait for longest; null where it can go. */
  limitOn(call: Attribution, tokens: number, now: number): Limited | null {
    let longest: Limited | null = null;
    for (const [rule, windows] of this.#covering(call)) {
      for (const [of, amount] of [["requests", 1] as const, ["tokens", tokens] as const]) {
        const waitMs = windows[of]?.waitFor(amount, now) ?? 0;
        if (waitMs > (longest?.waitMs ?? 0)) {
          longest = { waitMs, rule, of };
        }
      }
    }
    return longest;
  }

  /** Counts a call that goes now. */
  take(call: Attribution, tokens: number, now: number): Taken {
    return this.#covering(call).flatMap(([, windows]) =>
      [["requests", 1] as const, ["tokens", tokens] as const].flatMap(([of, amount]): Part[] => {
        const window = windows[of];
        return window === null ? [] : [{ of, window, amount, second: window.take(amount, now) }];
      }),
    );
  }

  /** The call has ended and has used so many tokens. */
  settle(taken: Taken, usedTokens: number, now: number): void {
    for (const { of, window, second, amount } of taken) {
      if (of === "tokens") {
        window.correct(second, usedTokens - amount, now);
      }
    }
  }

  /** The call was not sent after all. */
  giveBack(taken: Taken, now: number): void {
    for (const { window, second, amount } of taken) {
      window.correct(second, -amount, now);
    }
  }

  #covering(call: Attribution): Array<readonly [RateLimit, Windows]> {
    return this.#meters.flatMap(({ rule, apart }) => {
      const { requestsPerMinute: _, tokensPerMinute: __, each, ...scope } = rule;
      return scopeMatches(scope, call)
        ? [[rule, windowsOf(rule, apart, each === undefined ? "" : call[each])] as const]
        : [];
    });
  }
}

function windowsOf(
  { requestsPerMinute, tokensPerMinute }: RateLimit,
  apart: Map<string, Windows>,
  value: string | null | undefined,
): Windows {
  const name = value ?? "";
  let windows = apart.get(name);
  if (windows === undefined) {
    const [first] = apart.keys();
    if (apart.size >= MOST_APART && first !== undefined) {
      apart.delete(first);
    }
    windows = {
      requests: requestsPerMinute === undefined ? null : new MinuteWindow(requestsPerMinute),
      tokens: tokensPerMinute === undefined ? null : new MinuteWindow(tokensPerMinute),
    };
    apart.set(name, windows);
  }
  return windows;
}
