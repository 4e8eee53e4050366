import assert from "node:assert/strict";
import fc from "fast-check";
import type { Protocol, RequestContext } from "../../../src/domain/protocol.ts";
import { protocolFor } from "../../../src/domain/protocols/families.ts";
import { allRecorded, isStream, payloads, RECORDINGS_MISSING, type Recorded } from "./recorded.ts";
import { cutAt, pass, utf8 } from "./streams.ts";

type Detail = { modality: string; tokenCount?: number };
type Wire = { [count in (typeof COUNTS)[number]]?: number } & { promptTokensDetails?: Detail[] };
const COUNTS = [
  "promptTokenCount",
  "cachedContentTokenCount",
  "candidatesTokenCount",
  "thoughtsTokenCount",
  "toolUsePromptTokenCount",
] as const;

/** What a person reads off the last usage: all input, cached, heard, all output, thoughts. */
function byHand(usage: Wire): number[] {
  const [prompt, cached, said, thought, tools] = COUNTS.map((name) => usage[name] ?? 0) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const heard = usage.promptTokensDetails?.find(({ modality }) => modality === "AUDIO")?.tokenCount ?? 0;
  return [prompt + tools, cached, heard, said + thought, thought];
}

const reports = (exchange: Recorded): Wire[] =>
  (isStream(exchange) ? payloads(exchange.response) : [JSON.parse(exchange.response)])
    .map((one) => one.usageMetadata as Wire | undefined)
    .filter((usage) => usage?.promptTokenCount !== undefined) as Wire[];

interface Metered {
  readonly exchange: Recorded;
  readonly protocol: Protocol;
  readonly context: RequestContext;
}

const metered: Metered[] = allRecorded()
  .filter(({ host }) => /googleapis/.test(host))
  .flatMap((exchange) => {
    const { protocol } = protocolFor("google", exchange.method, exchange.path) ?? {};
    const search = exchange.query ? `?${exchange.query}` : "";
    const context = { path: exchange.path, search, contentType: "application/json" };
    return protocol?.name.startsWith("google-") ? [{ exchange, protocol, context }] : [];
  });
const streams = metered.filter(({ exchange }) => isStream(exchange));

function readingOf({ exchange, protocol, context }: Metered) {
  const facts = protocol.read(utf8(exchange.request), context);
  return protocol.isStream(exchange.contentType, facts)
    ? pass(protocol, facts, [utf8(exchange.response)]).reading
    : protocol.readJson(exchange.status, utf8(exchange.response), facts);
}

describe(`recorded exchanges with Google${RECORDINGS_MISSING === null ? "" : ` (skipped: ${RECORDINGS_MISSING})`}`, () => {
  before(function () {
    if (RECORDINGS_MISSING !== null) {
      this.skip();
    }
    assert.ok(metered.length > 15 && streams.length >= 5);
  });

  it("are read as by hand, and what is not told is estimated", () => {
    for (const one of metered) {
      const { exchange } = one;
      const { usage: u, basis, errorType } = readingOf(one);
      const last = reports(exchange).at(-1);
      const parts = [u.inputTokens, u.cachedInputTokens, u.audioInputTokens, u.outputTokens, u.reasoningTokens];
      if (last === undefined) {
        assert.equal(basis, exchange.status < 400 ? "estimated" : "none", exchange.id);
        assert.equal(u.inputTokens > 0, exchange.status < 400, exchange.id);
      } else {
        assert.deepEqual([basis, ...parts], ["reported", ...byHand(last)], exchange.id);
      }
      assert.equal(errorType === null, exchange.status < 400, exchange.id);
    }
  });

  it("were never billed more input than their bound, unless it says that more comes from elsewhere", () => {
    for (const one of metered) {
      const facts = one.protocol.read(utf8(one.exchange.request), one.context);
      const { inputTokens } = readingOf(one).usage;
      assert.ok(facts.inputBoundTokens >= inputTokens, one.exchange.id);
      assert.equal(facts.model, /models\/([^:]+):/.exec(one.exchange.path)?.[1]);
    }
  });

  it("give the same reading and the same bytes however the stream is cut, and as an array over time", () => {
    for (const { protocol, context, exchange } of streams) {
      const facts = protocol.read(utf8(exchange.request), context);
      const array = utf8(
        `[${payloads(exchange.response)
          .map((one) => JSON.stringify(one, null, 2))
          .join("\n,\n")}]`,
      );
      for (const bytes of [utf8(exchange.response), array]) {
        const once = pass(protocol, facts, [bytes]);
        assert.equal(once.client.toString(), bytes.toString());
        fc.assert(
          fc.property(fc.array(fc.nat(bytes.length), { maxLength: 200 }), (places) => {
            assert.deepEqual(pass(protocol, facts, cutAt(bytes, places)), once);
          }),
          { seed: 7, numRuns: 20 },
        );
        const byteByByte = Array.from({ length: bytes.length }, (_, at) => bytes.subarray(at, at + 1));
        assert.deepEqual(pass(protocol, facts, byteByByte), once);
        assert.deepEqual(once.reading, pass(protocol, facts, [utf8(exchange.response)]).reading);
      }
    }
  });

  it("never count less than was last reported, wherever they break off", () => {
    for (const { protocol, context, exchange } of streams) {
      const facts = protocol.read(utf8(exchange.request), context);
      const bytes = utf8(exchange.response);
      for (let end = 0; end <= bytes.length; end += 1) {
        const { usage, basis } = pass(protocol, facts, [bytes.subarray(0, end)]).reading;
        const whole = bytes
          .toString("latin1", 0, end)
          .split(/\r?\n\r?\n/)
          .slice(0, -1)
          .join("\n\n");
        const [input = 0, , , output = 0, thoughts = 0] = byHand(
          reports({ ...exchange, response: whole }).at(-1) ?? {},
        );
        assert.ok(usage.inputTokens >= input && usage.inputTokens > 0, `${exchange.id} at ${end}`);
        assert.ok(usage.outputTokens >= output && usage.reasoningTokens >= thoughts, `${exchange.id} at ${end}`);
        assert.notEqual(basis, "none", `${exchange.id} at ${end}`);
      }
    }
  });
});
