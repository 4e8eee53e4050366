import type { CallStatus, CostBasis } from "../../domain/call.ts";
import type { CallBound } from "../../domain/callBound.ts";
import type { PriceBook } from "../../domain/priceBook.ts";
import type { Protocol, RequestFacts } from "../../domain/protocol.ts";
import type { Gatekeeper } from "../gatekeeper.ts";
import { answer } from "./answer.ts";
import { branchFor } from "./gitBranch.ts";
import { bookedCall, NOTHING_CAME, type Outcome } from "./outcome.ts";
import { frameOf, type Passage } from "./passage.ts";
import { passThrough } from "./passThrough.ts";
import type { Upstream } from "./upstream.ts";
import { passWebSocket } from "./webSockets.ts";

export interface UnknownCallsOptions {
  readonly gatekeeper: Gatekeeper;
  readonly upstream: Upstream;
  readonly prices: () => PriceBook;
  readonly now: () => number;
}

/** Nothing is known of the request: its body is not even read. */
const NO_FACTS: RequestFacts = {
  model: "",
  stream: false,
  inputBoundTokens: 0,
  outputLimitTokens: null,
  choices: 1,
  webSearchBound: 0,
  promptBytes: 0,
  members: new Set(),
  hasMedia: false,
  usageAsked: true,
  serviceTier: null,
};

/** A server of the user's own, paid by the hour or not at all, answers whatever it is asked at no cost of its own. */
const NO_COST: CallBound = {
  fixedNanoUsd: 0,
  outputRate: 0,
  choices: 1,
  outputLimitTokens: 0,
  usualOutputTokens: 0,
  clampable: false,
};

/**
 * Calls on routes that nobody knows, and WebSockets, which may cost money. Where the provider takes none for calls, they pass.
 * Under a hard budget they are refused; under none they pass as they are and are booked as `unpriced`, so that they are seen.
 */
export class UnknownCalls {
  readonly #options: UnknownCallsOptions;

  constructor(options: UnknownCallsOptions) {
    this.#options = options;
  }

  async run(passage: Passage, shape: Pick<Protocol, "refuse" | "fail">): Promise<void> {
    const { gatekeeper, upstream, prices, now } = this.#options;
    const startedAt = now();
    const branch = await branchFor(passage.caller);
    const { kind } = prices().quote(passage.providerName, "", startedAt)?.source ?? {};
    const costsNothing = kind === "free" || kind === "compute-hour";
    const costBasis: CostBasis = costsNothing ? kind : "unpriced";
    const frame = frameOf(passage, NO_FACTS, { protocol: "unknown", costBasis, startedAt, branch });
    const book = (status: CallStatus, parts: Partial<Outcome>) => {
      const call = bookedCall(frame, { ...NOTHING_CAME, status, endedAt: now(), ...parts }, prices());
      // A price for every model says nothing of a route of which nobody knows what it does.
      return costsNothing ? call : { ...call, costBasis, costNanoUsd: 0, rates: null, priceVersion: null };
    };
    const bound = costsNothing ? NO_COST : null;
    const request = { held: frame.request, attribution: frame.attribution, bound, usualNanoUsd: 0 };
    const admission = await gatekeeper.admit(request, passage.departure);
    const own = { "x-tollgate-call-id": frame.request.id };
    if (admission.kind === "refused") {
      const refusal = gatekeeper.refusals.unmetered(admission.refusal);
      const refusedBy = refusal.budget === null ? {} : { "x-tollgate-refused": refusal.budget };
      answer(passage.response, shape.refuse(refusal), { ...own, ...refusedBy });
      await gatekeeper.refuse(book("refused", { httpStatus: 402, errorType: refusal.reason }), refusal);
      return;
    }
    if (admission.kind === "gone") {
      return gatekeeper.settle(book("cancelled", { errorType: "client_gone" }));
    }
    const { tunnel } = passage;
    const mayGoOn = () => costsNothing || gatekeeper.gate.hardBudgetsOf(frame.attribution, now()).length === 0;
    const { httpStatus, brokenBy, errorType } = await (tunnel === undefined
      ? passThrough(upstream, passage, { shape, own })
      : passWebSocket(upstream, passage, tunnel, { shape, own, mayGoOn }));
    const status = brokenBy === "client" ? "cancelled" : errorType === null ? "ok" : "error";
    await gatekeeper.settle(book(status, { httpStatus, errorType, letInAt: admission.at }));
  }
}
