import assert from "node:assert/strict";
import fc from "fast-check";
import { PriceBook } from "../../../src/domain/priceBook.ts";
import { builtInCatalog } from "../../../src/domain/prices/builtInCatalog.ts";
import { isBilledByTime } from "../../../src/domain/prices/timedModels.ts";
import type { Protocol, Reading, RequestFacts } from "../../../src/domain/protocol.ts";
import { protocolFor } from "../../../src/domain/protocols/families.ts";
import { costOf } from "../../../src/domain/rates.ts";
import { isStream, payloads, RECORDINGS_MISSING, type Recorded, recordedAt } from "./recorded.ts";
import { bodyOf, cutAt, pass, sse, utf8 } from "./streams.ts";

/** Base addresses as the hosts' own documents give them, and what the price catalogue calls each. */
const HOSTS: ReadonlyArray<readonly [baseUrl: string, catalogName: string | null]> = [
  ["https://api.openai.com/v1", "openai"],
  ["https://contoso.openai.azure.com/openai", "azure"],
  ["https://contoso.openai.azure.com/openai/v1", "azure"],
  ["https://contoso.services.ai.azure.com/openai/v1", "azure"],
  ["https://openrouter.ai/api/v1", "openrouter"],
  ["https://api.groq.com/openai/v1", "groq"],
  ["https://api.mistral.ai/v1", "mistral"],
  ["https://api.deepseek.com", "deepseek"],
  ["https://api.deepseek.com/beta", "deepseek"],
  ["https://api.cerebras.ai/v1", "cerebras"],
  ["https://api.together.xyz/v1", "together"],
  ["https://api.together.ai/v1", "together"],
  ["https://router.huggingface.co/together/v1", "huggingface_together"],
  ["https://router.huggingface.co/nebius/v1", "huggingface_nebius"],
  ["https://router.huggingface.co/novita/v3/openai", "huggingface_novita"],
  ["https://api.z.ai/api/paas/v4", "zai"],
  ["https://api.x.ai/v1", "x-ai"],
  ["https://api.fireworks.ai/inference/v1", "fireworks"],
  ["https://api.perplexity.ai", "perplexity"],
  // What runs on the user's own machine has no price list.
  ["http://127.0.0.1:8000/v1", null],
  ["http://127.0.0.1:1234/v1", null],
];

const ROUTES = ["chat/completions", "completions", "embeddings", "images/generations", "audio/speech", "batches"];

describe("hosts that speak OpenAI's protocols", () => {
  it("are found in the price catalogue by their base address, and metered on every route", () => {
    for (const [baseUrl, catalogName] of HOSTS) {
      assert.equal(builtInCatalog().providerOf("mine", baseUrl), catalogName, baseUrl);
      for (const route of ROUTES) {
        assert.equal(protocolFor("openai", "POST", `/${route}`, baseUrl)?.kind, "metered", `${baseUrl} ${route}`);
      }
    }
  });

  it("bill a model by the time of its sound exactly where the catalogue prices it so and says nothing of tokens", () => {
    const timed = builtInCatalog().providers.flatMap(({ id, models }) =>
      models.filter((model) => isBilledByTime(model.id)).map((model) => [id, model.id] as const),
    );
    assert.ok(timed.length >= 4);
    for (const [provider, model] of timed) {
      const rates = builtInCatalog().ratesOf(provider, model, 0)?.rates?.tiers[0]?.rates;
      assert.ok(rates !== undefined && rates.audioInput > 1_000_000 && rates.output === 0, `${provider} ${model}`);
    }
    const openai = {
      openai: { protocol: "openai", baseUrl: "https://api.openai.com/v1", pricing: { kind: "catalog" } },
    };
    const book = new PriceBook(openai as never, []);
    // 0.36 USD an hour is 100,000 nano-USD a second.
    assert.equal(book.lookUp("openai", "whisper-1", 0)?.rates.audioInput, 100_000_000);
  });

  it("report in their own dialects", () => {
    const chat = protocolFor("openai", "POST", "/chat/completions")?.protocol as Protocol;
    const facts = chat.read(bodyOf({ model: "m", messages: [], stream: true }));
    const read = (more: object) => chat.readJson(200, bodyOf({ model: "m", choices: [], ...more }), facts);
    const xai = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 22, cost_in_usd_ticks: 37_756_000 };
    const grok = read({ usage: { ...xai, completion_tokens_details: { reasoning_tokens: 7 } } });
    assert.deepEqual([grok.usage.outputTokens, grok.reportedCostUsd], [12, 0.0037756]);
    const sonar = read({ usage: { prompt_tokens: 14, completion_tokens: 9, cost: { total_cost: 0.006 } } });
    assert.equal(sonar.reportedCostUsd, 0.006);
    const timings = { cache_n: 90, prompt_n: 10, predicted_n: 7, predicted_ms: 60.5 };
    const local = read({ timings });
    const { inputTokens, cachedInputTokens, outputTokens } = local.usage;
    assert.deepEqual([local.basis, inputTokens, cachedInputTokens, outputTokens], ["reported", 100, 90, 7]);
    const chunk = (delta: object, more: object = {}) => ({ model: "m", choices: [{ index: 0, delta }], ...more });
    const wire = sse(chunk({ content: "Hello" }), chunk({ content: "!" }), chunk({}, { timings }), "[DONE]");
    assert.deepEqual(pass(chat, facts, [utf8(wire)]).reading.usage, local.usage);
  });
});

interface Exchange {
  readonly recorded: Recorded;
  readonly baseUrl: string;
  readonly protocol: Protocol;
  readonly facts: RequestFacts;
}

/** The host's base address, and the route below it, as a user would configure and a client would call it. */
function exchangeOf(recorded: Recorded): Exchange {
  const [, base = "", route = ""] =
    /^(.*?)(\/(?:deployments\/[^/]+\/)?(?:chat\/completions|embeddings))$/.exec(recorded.path) ?? [];
  const baseUrl = `https://${recorded.host}${base}`;
  const { protocol } = protocolFor("openai", "POST", route, baseUrl) as { readonly protocol: Protocol };
  const search = recorded.query ? `?${recorded.query}` : "";
  const context = { path: route, search, contentType: "application/json" };
  return { recorded, baseUrl, protocol, facts: protocol.read(utf8(recorded.request), context) };
}

function readingOf({ recorded, protocol, facts }: Exchange): Reading {
  return isStream(recorded)
    ? pass(protocol, facts, [utf8(recorded.response)]).reading
    : protocol.readJson(recorded.status, utf8(recorded.response), facts);
}

type Wire = Readonly<Record<string, number | undefined>> & {
  readonly prompt_tokens_details?: Readonly<Record<string, number | undefined>> | null;
};

/** What a person reads off the last usage: input, cached, output, and the host's own figure. */
function byHand({ response, ...recorded }: Recorded): Array<number | null> | null {
  const all = isStream({ response, ...recorded }) ? payloads(response) : [JSON.parse(response)];
  const last = all.findLast((one) => one.usage)?.usage as Wire | undefined;
  if (last === undefined) {
    return null;
  }
  const cached = last.prompt_tokens_details?.cached_tokens ?? last.cached_tokens ?? 0;
  return [last.prompt_tokens ?? 0, cached, last.completion_tokens ?? 0, last.cost ?? null];
}

describe(`exchanges recorded at these hosts${RECORDINGS_MISSING === null ? "" : ` (skipped: ${RECORDINGS_MISSING})`}`, () => {
  const hosts = /groq|mistral|deepseek|cerebras|z\.ai|openrouter|huggingface|azure|^api\.openai/;
  const exchanges = [...recordedAt("/chat/completions"), ...recordedAt("/embeddings")]
    .filter(({ host }) => hosts.test(host))
    .map(exchangeOf);

  before(function () {
    if (RECORDINGS_MISSING !== null) {
      this.skip();
    }
    assert.ok(exchanges.length > 40);
    assert.ok(exchanges.filter(({ protocol }) => protocol.name === "openai-embeddings").length >= 3);
  });

  it("are read as by hand, in their host's dialect", () => {
    for (const exchange of exchanges) {
      const { usage, basis, reportedCostUsd: cost } = readingOf(exchange);
      const read = basis === "reported" ? [usage.inputTokens, usage.cachedInputTokens, usage.outputTokens, cost] : null;
      assert.deepEqual(read, byHand(exchange.recorded), `${exchange.recorded.host} ${exchange.recorded.id}`);
    }
  });

  it("name the model that was asked for, and the one that was served, which the host's list has a price for", () => {
    const asked = exchanges.find(({ recorded }) => recorded.host.endsWith("openai.azure.com"));
    assert.equal(asked?.facts.model, "gpt-4o");
    const providers = Object.fromEntries(
      exchanges.map(({ baseUrl }) => [baseUrl, { protocol: "openai", baseUrl, pricing: { kind: "catalog" } }]),
    );
    const book = new PriceBook(providers as never, []);
    // A model that is on no list any more, and free ones, for which OpenRouter says 0 itself.
    const unlisted = /^glm-4\.7$|:free$/;
    for (const exchange of exchanges) {
      const { host, id, status } = exchange.recorded;
      const { model } = readingOf(exchange);
      assert.equal(model !== null, status < 400, `${host} ${id}`);
      if (model !== null && !unlisted.test(model)) {
        const priced = book.lookUp(exchange.baseUrl, model, Date.UTC(2026, 10, 1));
        assert.equal(priced?.basis, "catalog", `${host} ${model} ${id}`);
      }
    }
  });

  it("were never billed more than their bound", () => {
    for (const exchange of exchanges) {
      const { usage } = readingOf(exchange);
      const { inputBoundTokens, outputLimitTokens } = exchange.facts;
      assert.ok(inputBoundTokens >= usage.inputTokens, exchange.recorded.id);
      // A host that ignores its own limit is cut, not billed beyond it; one recorded answer has a token of reasoning more.
      assert.ok((outputLimitTokens ?? Number.POSITIVE_INFINITY) >= usage.outputTokens, exchange.recorded.id);
    }
  });

  it("cost what the host itself says, where it says so", () => {
    const told = exchanges.filter((exchange) => readingOf(exchange).reportedCostUsd !== null);
    assert.ok(told.length >= 4);
    assert.ok(told.every(({ recorded }) => recorded.host === "openrouter.ai"));
  });

  it("give the same reading in any chunking, and lose nothing of it when they are cut", () => {
    for (const { recorded, protocol, facts } of exchanges.filter((exchange) => isStream(exchange.recorded))) {
      const bytes = utf8(recorded.response);
      const once = pass(protocol, facts, [bytes]);
      fc.assert(
        fc.property(fc.array(fc.nat(bytes.length), { maxLength: 100 }), (places) => {
          assert.deepEqual(pass(protocol, facts, cutAt(bytes, places)), once);
        }),
        { seed: 9, numRuns: 20 },
      );
      for (let end = 0; end <= bytes.length; end += 61) {
        const { usage, basis } = pass(protocol, facts, [bytes.subarray(0, end)]).reading;
        const whole = bytes.toString("latin1", 0, end).split("\n\n").slice(0, -1).join("\n\n");
        const last = payloads(whole).findLast((one) => one.usage)?.usage as Wire | undefined;
        assert.ok(usage.outputTokens >= (last?.completion_tokens ?? 0), `${recorded.id} at ${end}`);
        assert.ok(basis !== "none" && usage.inputTokens > 0, `${recorded.id} at ${end}`);
      }
    }
  });

  it("of vectors cost what the published rate makes of them", () => {
    const providers = { p: { protocol: "openai", baseUrl: "https://api.openai.com/v1", pricing: { kind: "catalog" } } };
    const book = new PriceBook(providers as never, []);
    for (const exchange of exchanges.filter(({ protocol }) => protocol.name === "openai-embeddings")) {
      const reading = readingOf(exchange);
      if (reading.model !== null) {
        const rates = book.lookUp("p", reading.model, 0)?.rates;
        assert.ok(rates !== undefined);
        assert.equal(costOf(reading.usage, rates), reading.usage.inputTokens * 20);
      }
    }
  });
});
