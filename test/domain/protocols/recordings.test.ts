import assert from "node:assert/strict";
import fc from "fast-check";
import type { Protocol } from "../../../src/domain/protocol.ts";
import { anthropicMessages } from "../../../src/domain/protocols/anthropicMessages.ts";
import { openaiChat } from "../../../src/domain/protocols/openaiChat.ts";
import { isStream, payloads, RECORDINGS_MISSING, type Recorded, recordedAt } from "./recorded.ts";
import { cutAt, pass, utf8 } from "./streams.ts";

type Counts = Record<string, number | null | undefined>;
type Wire = Counts & { [part in `${"prompt" | "completion"}_tokens_details` | "cache_creation"]?: Counts | null } & {
  iterations?: Array<Counts & { type?: unknown }>;
};

/** What a person reads off the last usage in a chat answer: input, cached, output. */
function chatByHand(exchange: Recorded): number[] | null {
  const all = isStream(exchange) ? payloads(exchange.response) : [JSON.parse(exchange.response)];
  const last = all.findLast((one) => one.usage)?.usage as Wire | undefined;
  if (last === undefined) {
    return null;
  }
  const cached = last.prompt_tokens_details?.cached_tokens ?? last.cached_tokens ?? 0;
  return [last.prompt_tokens ?? 0, cached, last.completion_tokens ?? 0];
}

/** The same for a message: all input, cached, written for 5 minutes and for 1 hour, output. */
function messageByHand(exchange: Recorded): number[] | null {
  const all = isStream(exchange) ? payloads(exchange.response) : [JSON.parse(exchange.response)];
  const started = all.find((one) => one.type === "message_start")?.message as { usage: Wire } | undefined;
  const last = all.findLast((one) => one.usage)?.usage as Wire | undefined;
  if (last === undefined) {
    return null;
  }
  const split = (started?.usage ?? last).cache_creation;
  const apart = (last.iterations ?? []).filter((round) => round.type !== "message");
  const sum = (name: string) => apart.reduce((total, round) => total + (round[name] ?? 0), last[name] ?? 0) as number;
  return [
    sum("input_tokens") + sum("cache_creation_input_tokens") + sum("cache_read_input_tokens"),
    sum("cache_read_input_tokens"),
    split?.ephemeral_5m_input_tokens ?? 0,
    split?.ephemeral_1h_input_tokens ?? 0,
    sum("output_tokens"),
  ];
}

const chats = recordedAt("/chat/completions");
const recordedMessages = recordedAt("/messages");
const all: Array<readonly [Protocol, Recorded]> = [
  ...chats.map((exchange) => [openaiChat, exchange] as const),
  ...recordedMessages.map((exchange) => [anthropicMessages, exchange] as const),
];
const streams = all.filter(([, exchange]) => isStream(exchange));

function readingOf(protocol: Protocol, exchange: Recorded) {
  const facts = protocol.read(utf8(exchange.request));
  return isStream(exchange)
    ? pass(protocol, facts, [utf8(exchange.response)]).reading
    : protocol.readJson(exchange.status, utf8(exchange.response), facts);
}

describe(`recorded exchanges${RECORDINGS_MISSING === null ? "" : ` (skipped: ${RECORDINGS_MISSING})`}`, () => {
  before(function () {
    if (RECORDINGS_MISSING !== null) {
      this.skip();
    }
    assert.ok(chats.length > 40 && recordedMessages.length > 8 && streams.length > 8);
  });

  it("of chats are read as by hand", () => {
    for (const exchange of chats) {
      const { usage, basis, errorType } = readingOf(openaiChat, exchange);
      const read = basis === "reported" ? [usage.inputTokens, usage.cachedInputTokens, usage.outputTokens] : null;
      assert.deepEqual(read, chatByHand(exchange), `${exchange.host} ${exchange.id}`);
      assert.ok(exchange.status < 400 || errorType !== null, exchange.id);
    }
  });

  it("of messages are read as by hand", () => {
    for (const exchange of recordedMessages) {
      const { usage: u, basis } = readingOf(anthropicMessages, exchange);
      const parts = [u.inputTokens, u.cachedInputTokens, u.cacheWrite5mTokens, u.cacheWrite1hTokens, u.outputTokens];
      assert.deepEqual(basis === "reported" ? parts : null, messageByHand(exchange), exchange.id);
    }
  });

  it("were never billed more input than their bound", () => {
    for (const [protocol, exchange] of all) {
      const { inputBoundTokens, promptBytes } = protocol.read(utf8(exchange.request));
      const { inputTokens } = readingOf(protocol, exchange).usage;
      assert.ok(inputBoundTokens >= inputTokens, `${exchange.id}: ${inputBoundTokens} < ${inputTokens}`);
      assert.ok(promptBytes > 0 && inputBoundTokens < 300_000, exchange.id);
    }
  });

  it("give the same reading and the same bytes however the stream is cut", () => {
    for (const [protocol, { request, response }] of streams) {
      const bytes = utf8(response);
      const asked = protocol.read(utf8(request));
      for (const facts of [asked, { ...asked, usageAsked: false }]) {
        const once = pass(protocol, facts, [bytes]);
        fc.assert(
          fc.property(fc.array(fc.nat(bytes.length), { maxLength: 200 }), (places) => {
            assert.deepEqual(pass(protocol, facts, cutAt(bytes, places)), once);
          }),
          { seed: 3, numRuns: 20 },
        );
        const byteByByte = Array.from({ length: bytes.length }, (_, at) => bytes.subarray(at, at + 1));
        assert.deepEqual(pass(protocol, facts, byteByByte), once);
      }
      assert.equal(pass(protocol, { ...asked, usageAsked: true }, [bytes]).client.toString(), response);
    }
  });

  it("never count less than was last reported, wherever they break off", () => {
    for (const [protocol, { id, request, response }] of streams) {
      const facts = protocol.read(utf8(request));
      const bytes = utf8(response);
      for (let end = 0; end <= bytes.length; end += 97) {
        const { usage, basis } = pass(protocol, facts, [bytes.subarray(0, end)]).reading;
        const whole = bytes.toString("latin1", 0, end).split("\n\n").slice(0, -1).join("\n\n");
        const reported = payloads(whole).flatMap((one) => [one, (one.message ?? {}) as Record<string, unknown>]);
        for (const wire of reported.map((one) => one.usage as Wire | undefined)) {
          assert.ok(usage.inputTokens >= (wire?.prompt_tokens ?? wire?.input_tokens ?? 0), `${id} at ${end}`);
          assert.ok(usage.outputTokens >= (wire?.completion_tokens ?? wire?.output_tokens ?? 0), `${id} at ${end}`);
        }
        assert.ok(basis !== "none" && usage.inputTokens > 0, `${id} at ${end}`);
      }
    }
  });
});
