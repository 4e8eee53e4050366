import assert from "node:assert/strict";
import fc from "fast-check";
import { openaiCompaction, openaiResponses } from "../../../src/domain/protocols/openaiResponses.ts";
import { isStream, payloads, RECORDINGS_MISSING, type Recorded, recordedAt } from "./recorded.ts";
import { cutAt, pass, utf8 } from "./streams.ts";

type Counts = Record<string, number | undefined>;
type Wire = Counts & { [part in `${"input" | "output"}_tokens_details`]?: Counts };
interface Answer {
  readonly usage?: Wire | null;
  readonly output?: ReadonlyArray<{ type: string; action?: { type: string } }>;
}

/** What a person reads off a response: input, cached, written to the cache, output, reasoning, searches; null where it has no usage. */
function byHand(exchange: Recorded): number[] | null {
  const { usage, output = [] } = isStream(exchange)
    ? ((payloads(exchange.response).findLast((event) => event.type === "response.completed")?.response ?? {}) as Answer)
    : (JSON.parse(exchange.response) as Answer);
  if (!usage) {
    return null;
  }
  const { input_tokens_details: read = {}, output_tokens_details: written = {} } = usage;
  return [
    usage.input_tokens ?? 0,
    read.cached_tokens ?? 0,
    read.cache_write_tokens ?? 0,
    usage.output_tokens ?? 0,
    written.reasoning_tokens ?? 0,
    output.filter(({ type, action }) => type === "web_search_call" && action?.type === "search").length,
  ];
}

const responses = recordedAt("/responses");
const compactions = recordedAt("/responses/compact");
const streams = responses.filter(isStream);
const protocolOf = (exchange: Recorded) => (compactions.includes(exchange) ? openaiCompaction : openaiResponses);

function readingOf(exchange: Recorded) {
  const protocol = protocolOf(exchange);
  const facts = protocol.read(utf8(exchange.request));
  return isStream(exchange)
    ? pass(protocol, facts, [utf8(exchange.response)]).reading
    : protocol.readJson(exchange.status, utf8(exchange.response), facts);
}

describe(`recorded responses${RECORDINGS_MISSING === null ? "" : ` (skipped: ${RECORDINGS_MISSING})`}`, () => {
  before(function () {
    if (RECORDINGS_MISSING !== null) {
      this.skip();
    }
    assert.ok(responses.length >= 19 && compactions.length >= 4 && streams.length >= 5);
  });

  it("are read as by hand, class by class", () => {
    for (const exchange of [...responses, ...compactions]) {
      const { usage: u, basis, errorType, trouble } = readingOf(exchange);
      const parts = [u.inputTokens, u.cachedInputTokens, u.cacheWrite5mTokens, u.outputTokens, u.reasoningTokens];
      const read = basis === "reported" ? [...parts, u.webSearches] : null;
      assert.deepEqual(read, byHand(exchange), `${exchange.host} ${exchange.id}`);
      assert.equal(exchange.status >= 400, errorType !== null, exchange.id);
      assert.equal(trouble, null);
    }
  });

  it("were never billed more than their bound", () => {
    for (const exchange of [...responses, ...compactions]) {
      const facts = protocolOf(exchange).read(utf8(exchange.request));
      const { inputTokens, webSearches } = readingOf(exchange).usage;
      const window = facts.hiddenInput ? 128_000 : 0;
      assert.ok(facts.inputBoundTokens + window >= inputTokens, `${exchange.id}: ${inputTokens}`);
      assert.ok(facts.webSearchBound >= webSearches, exchange.id);
      assert.equal(facts.hiddenInput === true, exchange.request.includes("previous_response_id"), exchange.id);
    }
  });

  it("give the same reading and the same bytes however the stream is cut", () => {
    for (const { request, response } of streams) {
      const bytes = utf8(response);
      const facts = openaiResponses.read(utf8(request));
      const once = pass(openaiResponses, facts, [bytes]);
      assert.equal(once.client.toString(), response);
      fc.assert(
        fc.property(fc.array(fc.nat(bytes.length), { maxLength: 200 }), (places) => {
          assert.deepEqual(pass(openaiResponses, facts, cutAt(bytes, places)), once);
        }),
        { seed: 6, numRuns: 20 },
      );
      const byteByByte = Array.from({ length: bytes.length }, (_, at) => bytes.subarray(at, at + 1));
      assert.deepEqual(pass(openaiResponses, facts, byteByByte), once);
    }
  });

  it("never count less than was reported by then, nor more as passed than was billed, wherever they break off", () => {
    for (const exchange of streams) {
      const facts = openaiResponses.read(utf8(exchange.request));
      const bytes = utf8(exchange.response);
      const billed = readingOf(exchange).usage;
      const end = exchange.response.indexOf("\n\n", exchange.response.indexOf('"type":"response.completed"'));
      for (let at = 0; at <= bytes.length; at += 1) {
        const reader = openaiResponses.readStream(facts);
        reader.push(bytes.subarray(0, at));
        assert.ok(reader.outputAtLeast <= billed.outputTokens, `${exchange.id} at ${at}`);
        reader.end();
        const { usage, basis } = reader.reading();
        assert.ok(basis !== "none" && usage.inputTokens > 0, `${exchange.id} at ${at}`);
        if (at > Buffer.byteLength(exchange.response.slice(0, end + 2))) {
          assert.deepEqual(usage, billed, `${exchange.id} at ${at}`);
        }
      }
    }
  });
});
