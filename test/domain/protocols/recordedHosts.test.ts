import assert from "node:assert/strict";
import type { Provider } from "../../../src/domain/config.ts";
import type { Protocol, RequestContext } from "../../../src/domain/protocol.ts";
import { bedrockConverse } from "../../../src/domain/protocols/bedrockConverse.ts";
import { bedrockInvoke } from "../../../src/domain/protocols/bedrockInvoke.ts";
import { protocolFor } from "../../../src/domain/protocols/families.ts";
import { allRecorded, RECORDINGS_MISSING, type Recorded } from "./recorded.ts";
import { bodyOf, utf8 } from "./streams.ts";

type Counts = Readonly<Record<string, number | undefined>>;

/** The families, their hosts, and what a person reads off an answer of theirs: all input, cached, output. */
const HOSTS: ReadonlyArray<
  readonly [family: Provider["protocol"], host: RegExp, byHand: (answer: Record<string, unknown>) => number[] | null]
> = [
  [
    "ollama",
    /^(localhost:11434|ollama\.com)$/,
    ({ usage }) => {
      const counts = usage as Counts | undefined;
      return counts === undefined ? null : [counts.prompt_tokens ?? 0, 0, counts.completion_tokens ?? 0];
    },
  ],
  [
    "cohere",
    /^api\.cohere\.com$/,
    ({ usage }) => {
      const billed = (usage as { billed_units: Counts } | undefined)?.billed_units;
      return billed === undefined ? null : [billed.input_tokens ?? 0, 0, billed.output_tokens ?? 0];
    },
  ],
  [
    "bedrock",
    /^bedrock-runtime\./,
    ({ usage }) => {
      const counts = usage as Counts | undefined;
      const [read, written] = [counts?.cacheReadInputTokens ?? 0, counts?.cacheWriteInputTokens ?? 0];
      return counts === undefined ? null : [(counts.inputTokens ?? 0) + read + written, read, counts.outputTokens ?? 0];
    },
  ],
];

const contextOf = ({ path }: Recorded): RequestContext => ({ path, search: "", contentType: "application/json" });

/** The exchanges with a family's hosts that are metered, each with its protocol. */
function meteredOf(family: Provider["protocol"], host: RegExp): Array<readonly [Protocol, Recorded]> {
  return allRecorded()
    .filter((exchange) => host.test(exchange.host))
    .flatMap((exchange) => {
      const found = protocolFor(family, exchange.method, exchange.path);
      assert.ok(found !== null, `${exchange.host} ${exchange.path} is known`);
      return found.kind === "metered" ? [[found.protocol, exchange] as const] : [];
    });
}

describe(`exchanges recorded with Ollama, Cohere and Bedrock${RECORDINGS_MISSING === null ? "" : ` (skipped: ${RECORDINGS_MISSING})`}`, () => {
  before(function () {
    if (RECORDINGS_MISSING !== null) {
      this.skip();
    }
  });

  for (const [family, host, byHand] of HOSTS) {
    it(`of ${family} are read as by hand, and were never billed more input than their bound`, () => {
      const exchanges = meteredOf(family, host);
      assert.ok(exchanges.length >= 4, String(exchanges.length));
      for (const [protocol, exchange] of exchanges) {
        const { id, status, request, response } = exchange;
        const facts = protocol.read(utf8(request), contextOf(exchange));
        const { usage, basis, errorType } = protocol.readJson(status, utf8(response), facts);
        const read = [usage.inputTokens, usage.cachedInputTokens, usage.outputTokens];
        assert.deepEqual(basis === "reported" ? read : null, byHand(JSON.parse(response)), id);
        assert.equal(errorType === null, status < 400, id);
        assert.ok(facts.inputBoundTokens >= usage.inputTokens && facts.model !== "", id);
      }
    });
  }

  it("of Bedrock's own count are never above the bound of the request that was counted", () => {
    const counted = allRecorded().filter(({ path, status }) => path.endsWith("/count-tokens") && status === 200);
    assert.ok(counted.length >= 4);
    for (const exchange of counted) {
      const { input } = JSON.parse(exchange.request);
      const { inputTokens } = JSON.parse(exchange.response);
      const at = (route: string) => ({ ...contextOf(exchange), path: exchange.path.replace("count-tokens", route) });
      const { inputBoundTokens } =
        input.converse === undefined
          ? bedrockInvoke.read(Buffer.from(input.invokeModel.body, "base64"), at("invoke"))
          : bedrockConverse.read(bodyOf(input.converse), at("converse"));
      assert.ok(inputBoundTokens >= inputTokens, `${exchange.id}: ${inputBoundTokens} < ${inputTokens}`);
    }
  });
});
