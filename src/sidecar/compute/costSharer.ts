import type { Call } from "../../domain/call.ts";
import type { Accrual } from "../../domain/compute/computeEvents.ts";
import { type ServedCall, shareInterval } from "../../domain/compute/shares.ts";
import type { TollgateEvent } from "../../domain/events.ts";
import type { Ledger } from "../../ledger/ledger.ts";

export interface CostSharerOptions {
  readonly ledger: Ledger;
  readonly now: () => number;
  readonly log: (message: string) => void;
}

/** So long, in ms, an interval waits for the calls under way in it. */
const LONGEST_WAIT_MS = 3_600_000;
/** Calls that began so long before an interval, in ms, are not looked for after a restart. */
const LONGEST_CALL_MS = 6 * 3_600_000;
const PAUSE_MS = 200;

/**
 * Lets calls share what their servers cost by the hour, interval by interval, once every call of an interval has ended. It
 * listens to the ledger, apart from calls; what a crash leaves undone is found in the books.
 */
export class CostSharer {
  readonly #options: CostSharerOptions;
  /** Accrued intervals that have not been shared, by provider, oldest first. */
  readonly #intervals = new Map<string, Accrual[]>();
  /** When calls under way began, ms since the epoch, by id. */
  readonly #open = new Map<string, { readonly provider: string; readonly at: number }>();
  readonly #ended = new Map<string, ServedCall[]>();
  #timer: NodeJS.Timeout | null = null;
  #unsubscribe: () => void = () => {};

  constructor(options: CostSharerOptions) {
    this.#options = options;
  }

  /** Takes up what was left undone, and listens from now on. */
  start(): void {
    const { ledger } = this.#options;
    for (const interval of ledger.openIntervals()) {
      this.#add(interval);
    }
    this.#unsubscribe = ledger.subscribe((event) => this.#hear(event));
    this.#shareSoon();
  }

  stop(): void {
    this.#unsubscribe();
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
    }
  }

  #hear(event: TollgateEvent): void {
    switch (event.type) {
      case "call.held":
        if (event.held.costBasis === "compute-hour") {
          this.#open.set(event.held.id, { provider: event.held.provider, at: event.at });
        }
        return;
      case "call.settled":
        this.#open.delete(event.call.id);
        if (event.call.costBasis === "compute-hour") {
          this.#end(event.call);
        }
        return;
      case "compute.accrued":
        if (event.accrual.kind === "up" && event.accrual.costNanoUsd > 0) {
          this.#add(event.accrual);
          this.#shareSoon();
        }
        return;
    }
  }

  #add(interval: Accrual): void {
    const { provider, from } = interval;
    const intervals = this.#intervals.get(provider);
    if (intervals === undefined) {
      // The first one can reach back before this process began: the books know who was served then.
      const { ledger, now } = this.#options;
      const served = ledger.servedCalls(provider, from - LONGEST_CALL_MS, now() + 1);
      const known = new Set(served.map(({ id }) => id));
      const heard = this.#ended.get(provider) ?? [];
      this.#ended.set(provider, [...served, ...heard.filter(({ id }) => !known.has(id))]);
      this.#intervals.set(provider, [interval]);
    } else {
      intervals.push(interval);
    }
  }

  #end(call: Call): void {
    const served = servedCallOf(call);
    if (served.prefillTokens + served.decodeTokens > 0) {
      const ended = this.#ended.get(call.provider) ?? [];
      ended.push(served);
      this.#ended.set(call.provider, ended);
      this.#shareSoon();
    }
  }

  #shareSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.shareEnded();
    }, PAUSE_MS).unref();
  }

  /** Shares every interval whose calls have all ended. */
  shareEnded(): void {
    for (const provider of new Set([...this.#intervals.keys(), ...this.#ended.keys()])) {
      this.#share(provider);
      this.#forgetOld(provider);
    }
  }

  /** Where nothing is accrued, nothing is shared. */
  #forgetOld(provider: string): void {
    const oldest = this.#options.now() - 2 * LONGEST_WAIT_MS;
    const calls = this.#ended.get(provider) ?? [];
    this.#ended.set(
      provider,
      calls.filter(({ endedAt }) => endedAt > oldest),
    );
  }

  #share(provider: string): void {
    const { ledger, now, log } = this.#options;
    const intervals = this.#intervals.get(provider) ?? [];
    const firstOpen = Math.min(
      ...[...this.#open.values()].filter((call) => call.provider === provider).map(({ at }) => at),
    );
    let next = intervals[0];
    while (next !== undefined && (next.to <= firstOpen || next.to < now() - LONGEST_WAIT_MS)) {
      const { to } = next;
      const calls = this.#ended.get(provider) ?? [];
      const sharing = shareInterval(next, calls);
      intervals.shift();
      this.#ended.set(
        provider,
        calls.filter(({ endedAt }) => endedAt > to),
      );
      if (sharing.shares.length > 0) {
        ledger.append({ type: "compute.shared", sharing }).catch((error: unknown) => {
          log(
            `Shares of compute hours are not on the disk yet: ${error instanceof Error ? error.message : String(error)}`,
          );
        });
      }
      next = intervals[0];
    }
  }
}

function servedCallOf({ id, startedAt, endedAt, firstTokenMs, usage }: Call): ServedCall {
  const start = Date.parse(startedAt);
  return {
    id,
    startedAt: start,
    firstTokenAt: firstTokenMs === null ? null : start + firstTokenMs,
    endedAt: Date.parse(endedAt),
    prefillTokens: usage.inputTokens - usage.cachedInputTokens,
    decodeTokens: usage.outputTokens,
  };
}
