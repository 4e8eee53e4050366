import type { Call } from "../../domain/call.ts";
import type { PriceBook } from "../../domain/priceBook.ts";
import type { Collected, Reading } from "../../domain/protocol.ts";
import { addUsage, NO_USAGE } from "../../domain/usage.ts";
import type { BookReader } from "../../ledger/bookReader.ts";
import type { Gatekeeper } from "../gatekeeper.ts";
import { priceOf } from "./outcome.ts";

export interface DeferredCallsOptions {
  readonly gatekeeper: Gatekeeper;
  readonly books: Pick<BookReader, "callById" | "deferredCall">;
  readonly prices: () => PriceBook;
}

/**
 * Calls whose work goes on after their answer: responses in the background, batches. They are booked as dear as they can get
 * (where no hard budget counts on it, at what they usually cost), and corrected when a client fetches what the provider
 * says of them. Until then nothing else is known: nobody but the client has the key to ask.
 */
export class DeferredCalls {
  readonly #options: DeferredCallsOptions;
  /**
   * What answers told is taken in one after the other: two clients may fetch the same results at once, and one that learns
   * from a batch where its results are fetches them before that is written down.
   */
  #last: Promise<void> = Promise.resolve();

  constructor(options: DeferredCallsOptions) {
    this.#options = options;
  }

  /**
   * Remembers under which id a provider will tell what a call cost. To be called before the call is settled: what is booked
   * as a guess must not lose its way to what is known, whenever the sidecar dies. @throws LedgerError
   */
  expect({ id: callId, provider }: Call, deferredId: string): void {
    this.#options.gatekeeper.recordAtOnce({ type: "call.deferred", callId, provider, deferredId });
  }

  /** Takes in what an answer told. Work of a call that is not known, or known to its end already, changes nothing. */
  collect(provider: string, collected: Collected): Promise<void> {
    const taken = this.#last.then(() => this.#take(provider, collected));
    this.#last = taken.catch(() => {});
    return taken;
  }

  async #take(provider: string, { deferredId, readings, alsoKnownAs }: Collected): Promise<void> {
    const { books, gatekeeper } = this.#options;
    const callId = books.deferredCall(provider, deferredId);
    if (callId === null) {
      return;
    }
    for (const alias of alsoKnownAs) {
      if (books.deferredCall(provider, alias) === null) {
        await gatekeeper.record({ type: "call.deferred", callId, provider, deferredId: alias });
      }
    }
    const before = books.callById(callId);
    const reported = readings.filter(({ basis }) => basis === "reported");
    if (before !== null && reported.length > 0) {
      const call = this.#corrected(before, reported);
      await gatekeeper.correct(before, call, "gateway", "The provider reported the usage of work that went on");
    }
  }

  /** Each answer of a batch has its own price; the rates kept with the call are those of the first. */
  #corrected(before: Call, readings: readonly Reading[]): Call {
    const startedAt = Date.parse(before.startedAt);
    const asked = { provider: before.provider, model: before.requestedModel, startedAt };
    const costs = readings.map((reading) => priceOf(asked, reading, this.#options.prices()));
    const [first] = costs;
    const unpriced = costs.find(({ costBasis }) => costBasis === "unpriced");
    return {
      ...before,
      // The sidecar may have died between the answer and its booking.
      ...(before.status === "interrupted" ? { status: "ok" as const, errorType: null } : {}),
      model: readings.find(({ model }) => model !== null)?.model ?? before.model,
      usage: readings.reduce((sum, { usage }) => addUsage(sum, usage), NO_USAGE),
      usageBasis: "reported",
      costNanoUsd: costs.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0),
      costBasis: (unpriced ?? first)?.costBasis ?? before.costBasis,
      rates: first?.rates ?? null,
      priceVersion: first?.priceVersion ?? null,
    };
  }
}
