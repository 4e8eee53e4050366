import type { IncomingMessage, ServerResponse } from "node:http";
import type { Call } from "../../domain/call.ts";
import type { NanoUsd } from "../../domain/money.ts";
import {
  BadRequestError,
  NOTHING_READ,
  type Protocol,
  type RequestFacts,
  type Rewrite,
} from "../../domain/protocol.ts";
import type { FailureLog } from "../backends/failureLog.ts";
import { ClientGoneError } from "../departure.ts";
import type { Gatekeeper } from "../gatekeeper.ts";
import type { Learned } from "../learned.ts";
import { type CallLimits, GO } from "../limits/callLimits.ts";
import type { TokenCounter } from "../tokens/tokenCounter.ts";
import type { Turn } from "../turn.ts";
import { answer, answerBeforeEnd, failUnreached } from "./answer.ts";
import { BodyTooLargeError } from "./body.ts";
import { type BoundingOptions, boundedCall } from "./boundedCall.ts";
import { type BegunCall, CallReader, type CallReaderOptions } from "./callReader.ts";
import { CutCalls } from "./cutCalls.ts";
import type { DeferredCalls } from "./deferredCalls.ts";
import { forwardedRequestHeaders, passHead, withoutKeysOf } from "./headers.ts";
import { answerLimited } from "./limitedCall.ts";
import { bookedCall, estimateFromBytes, NOTHING_CAME, type Outcome, withinLimit } from "./outcome.ts";
import type { MeteredPassage } from "./passage.ts";
import { readPlainBody } from "./plainBody.ts";
import { leadBack } from "./redirects.ts";
import { CUT_CODE, relayBody } from "./relay.ts";
import { type Upstream, UpstreamError } from "./upstream.ts";

/** What metering works with. */
export interface MeteringOptions extends CallReaderOptions {
  readonly gatekeeper: Gatekeeper;
  readonly failures: FailureLog;
  readonly limits: CallLimits;
  readonly upstream: Upstream;
  readonly turn: Turn;
  readonly learned: Learned;
  readonly tokenCounter: TokenCounter;
  readonly deferred: DeferredCalls;
}

/** Calls that cost money: read and bounded, held, sent, looked at on their way back, and settled. */
export class MeteredCalls {
  readonly #options: MeteringOptions;
  readonly #reader: CallReader;
  readonly #cut = new CutCalls();
  readonly #bounding: BoundingOptions;

  constructor(options: MeteringOptions) {
    this.#options = options;
    this.#reader = new CallReader(options);
    const { usual, margin, cached } = options.learned;
    this.#bounding = { ...options, usual, margin, cached };
  }

  /** Takes one call from request to settlement. */
  async run(asked: MeteredPassage): Promise<void> {
    const { request, response } = asked;
    let begun: BegunCall;
    try {
      begun = await this.#reader.begin(asked, await readPlainBody(request));
    } catch (error) {
      return rejectUnread(error, request, response, asked.protocol);
    }
    const { gatekeeper, learned, limits } = this.#options;
    const { passage, read, frame } = begun;
    const { protocol } = passage;
    const wasCut = this.#cut.has(frame.attribution, read.body);
    const { facts, price, counted } = await boundedCall(this.#bounding, passage, { ...read, wasCut }, frame);
    const { bound, boundless, expectedNanoUsd, usualNanoUsd } = price;
    const tokens = price.expectedInputTokens + price.expectedOutputTokens;
    const turn = limits.isIdle ? GO : await limits.admit(frame.attribution, tokens, request, passage.departure);
    if (turn.kind === "limited") {
      this.#options.failures.note(frame.request.id, turn.message);
      const outcome = answerLimited(passage, frame.request.id, turn, this.#options.now());
      return gatekeeper.settle(bookedCall(frame, outcome, this.#options.prices()));
    }
    const admission = await gatekeeper.admit(
      { held: frame.request, attribution: frame.attribution, bound, boundless, usualNanoUsd },
      passage.departure,
    );
    if (admission.kind === "gone") {
      limits.giveBack(turn.taken);
      const outcome = this.#outcome("cancelled", { errorType: "client_gone" });
      return gatekeeper.settle(bookedCall(frame, outcome, this.#options.prices()));
    }
    if (admission.kind === "refused") {
      const { refusal } = admission;
      limits.giveBack(turn.taken);
      const outcome = this.#outcome("refused", { httpStatus: 402, errorType: refusal.reason });
      const own = {
        "x-tollgate-call-id": frame.request.id,
        ...(refusal.budget === null ? {} : { "x-tollgate-refused": refusal.budget }),
      };
      answer(response, protocol.refuse(refusal), own);
      await gatekeeper.refuse(bookedCall(frame, outcome, this.#options.prices()), refusal);
      return;
    }
    const { held, isHard } = admission;
    if (wasCut) {
      this.#cut.forget(read.body);
    }
    const outputLimit = bound === null ? null : (held.clampedOutput ?? bound.outputLimitTokens) * bound.choices;
    const mayCut = held.allowedBy.length === 0 && isHard;
    const changes: Rewrite = {
      ...(held.clampedOutput === null ? {} : { outputLimitTokens: held.clampedOutput }),
      // Only what costs something has to keep within its hold.
      ...(mayCut && held.holdNanoUsd > 0 && facts.toolCalls !== undefined ? { toolCalls: facts.toolCalls } : {}),
    };
    const own = { "x-tollgate-call-id": held.id, ...begun.own };
    const outcome = await this.#outcomeOf(passage, facts, read.body, own, changes, mayCut ? outputLimit : null);
    if (outcome.status === "error") {
      const message = outcome.message ?? outcome.reading.errorMessage ?? "";
      this.#options.failures.note(held.id, withoutKeysOf(passage, message));
    }
    if (outcome.errorType === CUT_CODE) {
      this.#cut.note(frame.attribution, read.body);
    }
    const { inputTokens, outputTokens } = outcome.reading.usage;
    limits.settle(turn.taken, inputTokens + outputTokens);
    const reading = outcome.errorType === CUT_CODE ? outcome.reading : withinLimit(outcome.reading, outputLimit);
    const ended = { ...outcome, reading, letInAt: admission.at, holdNanoUsd: held.holdNanoUsd };
    const expected = bound === null ? {} : { expectedNanoUsd };
    const booked = { ...bookedCall(frame, ended, this.#options.prices()), ...expected };
    const deferredId = reading.basis === "reported" ? null : reading.deferredId;
    const isLost = facts.goesOn === true && reading.basis === "estimated";
    const goesOn = deferredId !== null || isLost;
    const atMost = isHard && held.holdNanoUsd > 0 ? held.holdNanoUsd : expectedNanoUsd;
    const call = goesOn && bound !== null ? costingAtMost(booked, atMost) : booked;
    if (!goesOn) {
      learned.observe(call, { ...facts, body: read.body, counted, isPromptAlone: isOneReading(facts) });
    }
    this.#reader.observe(call.provider, call.requestedModel, reading);
    if (outcome.answer !== undefined) {
      this.#options.upstream.giveBackSent(outcome.answer, read.body);
    }
    try {
      if (deferredId !== null) {
        this.#options.deferred.expect(call, deferredId);
      }
    } finally {
      await gatekeeper.settle(call);
    }
  }

  /** Whatever happens to a held call, it ends in an outcome, so that its hold is settled. */
  async #outcomeOf(
    passage: MeteredPassage,
    facts: RequestFacts,
    body: Buffer,
    known: Record<string, string>,
    changes: Rewrite,
    cutBeyond: number | null,
  ): Promise<Outcome> {
    if (passage.departure.hasGone) {
      return this.#outcome("cancelled", { errorType: "client_gone" });
    }
    const { outputLimitTokens, toolCalls } = changes;
    const own = {
      ...known,
      ...(outputLimitTokens === undefined ? {} : { "x-tollgate-clamped-output": String(outputLimitTokens) }),
      ...(toolCalls === undefined ? {} : { "x-tollgate-clamped-tool-calls": String(toolCalls) }),
    };
    try {
      const sent = passage.protocol.rewrite(body, facts, changes);
      return await this.#send(passage, facts, { sent, isCopy: sent !== body }, own, cutBeyond);
    } catch (error) {
      this.#options.log(`A held call failed inside Tollgate: ${error instanceof Error ? error.stack : String(error)}`);
      passage.response.destroy();
      return this.#outcome("error", {
        errorType: "tollgate_error",
        reading: estimateFromBytes(facts, 0, NOTHING_READ),
      });
    }
  }

  /** Sends a held call and passes its answer on. */
  async #send(
    passage: MeteredPassage,
    facts: RequestFacts,
    { sent, isCopy }: { readonly sent: Buffer; readonly isCopy: boolean },
    own: Record<string, string>,
    cutBeyond: number | null,
  ): Promise<Outcome> {
    const { request, response, protocol, target, departure } = passage;
    const { upstream } = this.#options;
    const headers = forwardedRequestHeaders(request, target.server.host, sent.length);
    let incoming: IncomingMessage;
    try {
      incoming = await upstream.ask(request.method ?? "POST", target, headers, sent, departure);
    } catch (error) {
      failUnreached(error, response, protocol, own);
      if (error instanceof ClientGoneError) {
        return this.#outcome("cancelled", {
          errorType: "client_gone",
          reading: estimateFromBytes(facts, 0, NOTHING_READ),
        });
      }
      const errorType = error instanceof UpstreamError ? error.code : "tollgate_error";
      const reading = errorType === "upstream_unreachable" ? NOTHING_READ : estimateFromBytes(facts, 0, NOTHING_READ);
      return this.#outcome("error", { errorType, reading, message: error instanceof Error ? error.message : "" });
    }
    if (isCopy) {
      upstream.giveBackSent(incoming, sent);
    }
    this.#options.limits.observe({ provider: passage.providerName, model: facts.model, tags: [] }, request, incoming);
    const httpStatus = incoming.statusCode ?? 502;
    const elsewhere = leadBack(incoming, passage);
    if (elsewhere !== null) {
      incoming.destroy();
      const said = `${target.server.host} leads this call on to ${elsewhere}: it is not followed, for nobody would meter it there`;
      answer(response, protocol.fail(502, "redirected", said), own);
      return this.#outcome("error", { httpStatus, errorType: "redirected" });
    }
    const isStream = protocol.isStream(incoming.headers["content-type"] ?? null, facts);
    passHead(incoming, response, own, !isStream);
    const { now } = this.#options;
    const turn = isStream ? null : this.#options.turn;
    const end = await relayBody(incoming, response, protocol, facts, { outputLimit: cutBeyond, turn, now });
    const { reading, firstTokenAt } = end;
    const ended = (status: Outcome["status"], errorType: string | null) =>
      this.#outcome(status, { httpStatus, errorType, reading, firstTokenAt, answer: incoming });
    switch (end.brokenBy) {
      case "client":
        return ended("cancelled", "client_gone");
      case "gate":
        return ended("error", CUT_CODE);
      case "upstream":
        return ended("error", "upstream_closed");
    }
    if (httpStatus >= 400 || reading.errorType !== null) {
      return ended("error", reading.errorType);
    }
    return reading.trouble === null ? ended("ok", null) : ended("error", "unreadable_answer");
  }

  #outcome(status: Outcome["status"], parts: Partial<Outcome>): Outcome {
    return { ...NOTHING_CAME, status, endedAt: this.#options.now(), ...parts };
  }
}

/** A call whose work goes on: what it will have cost is not known yet. */
function costingAtMost(call: Call, costNanoUsd: NanoUsd): Call {
  return { ...call, costNanoUsd, usageBasis: "estimated" };
}

/** Whether the input that is billed is the prompt at hand, read once: only then it tells how many tokens a text has. */
function isOneReading({ toolCalls, webSearchBound, continues, hiddenInput }: RequestFacts): boolean {
  return toolCalls === undefined && webSearchBound === 0 && continues === undefined && hiddenInput !== true;
}

function rejectUnread(error: unknown, request: IncomingMessage, response: ServerResponse, protocol: Protocol): void {
  if (error instanceof BadRequestError) {
    answer(response, protocol.fail(400, "invalid_request", error.message));
  } else if (error instanceof BodyTooLargeError) {
    answerBeforeEnd(request, response, protocol.fail(413, "request_too_large", error.message));
  } else if (request.readableAborted || !request.complete) {
    response.destroy();
  } else {
    throw error;
  }
}
