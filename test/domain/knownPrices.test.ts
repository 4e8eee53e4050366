import assert from "node:assert/strict";
import { parseConfig } from "../../src/domain/config.ts";
import { PriceBook } from "../../src/domain/priceBook.ts";
import { costOf } from "../../src/domain/rates.ts";
import { NO_USAGE, type Usage } from "../../src/domain/usage.ts";

/**
 * What calls cost by the prices that their providers publish, worked out by hand in autumn 2026: provider and model, the time
 * if it is another than the 21st of November, the tier in brackets | tokens by class | tokens × nano-USD a token, which is a
 * thousandth of USD for a million tokens | the cost in nano-USD, rounded up. The source stands above its rows.
 */
const KNOWN = `
# OpenAI's price list
openai gpt-4o | in 1000 out 500 | 1000×2500 + 500×10000 | 7500000
openai gpt-4o-2024-08-06 | in 12345 cached 10240 out 678 | 2105×2500 + 10240×1250 + 678×10000 | 24842500
openai gpt-4o-2024-05-13 | in 1000 out 500 | 1000×5000 + 500×15000 | 12500000
openai gpt-4o-mini | in 7 cached 3 out 11 | 4×150 + 3×75 + 11×600 | 7425
openai gpt-4.1 | in 50000 cached 49152 out 2000 | 848×2000 + 49152×500 + 2000×8000 | 42272000
openai gpt-4.1-mini | in 3333 out 777 | 3333×400 + 777×1600 | 2576400
openai gpt-4.1-nano | in 1 out 1 | 1×100 + 1×400 | 500
openai o3 | in 2000 out 9000 reasoning 8500 | 2000×2000 + 9000×8000 | 76000000
# OpenAI's price list, before the cut of June 2025
openai o3 @2025-06-09 | in 2000 out 9000 reasoning 8500 | 2000×10000 + 9000×40000 | 380000000
# OpenAI's price list
openai o4-mini | in 1500 cached 1024 out 4000 reasoning 3800 | 476×1100 + 1024×275 + 4000×4400 | 18405200
openai o1 | in 100 out 100 | 100×15000 + 100×60000 | 7500000
openai gpt-5 | in 10001 cached 9984 out 321 reasoning 256 | 17×1250 + 9984×125 + 321×10000 | 4479250
openai gpt-5-mini-2025-08-07 | in 999 out 333 | 999×250 + 333×2000 | 915750
openai gpt-5-nano | in 100001 cached 100000 out 1 | 1×50 + 100000×5 + 1×400 | 500450
openai gpt-5-pro | in 1000 out 20000 reasoning 19000 | 1000×15000 + 20000×120000 | 2415000000
openai gpt-5.1-codex | in 200000 cached 190000 out 5000 | 10000×1250 + 190000×125 + 5000×10000 | 86250000
openai gpt-5.2 | in 4000 out 1000 | 4000×1750 + 1000×14000 | 21000000
openai gpt-5.4 | in 271999 cached 200000 out 1000 | 71999×2500 + 200000×250 + 1000×15000 | 244997500
# OpenAI's price list: long context moves the whole request
openai gpt-5.4 | in 272000 cached 200000 out 1000 | 72000×5000 + 200000×500 + 1000×22500 | 482500000
# OpenAI's price list, before the cut of August 2026
openai gpt-5.6-sol @2026-08-20 | in 3000 out 1000 | 3000×5000 + 1000×30000 | 45000000
# OpenAI's price list, after it
openai gpt-5.6-sol @2026-08-21 | in 3000 out 1000 | 3000×4000 + 1000×20000 | 32000000
# OpenAI's price list: cache writes cost 1.25 times
openai gpt-5.6-sol | in 10000 cached 4000 write5m 5000 out 100 | 1000×4000 + 4000×400 + 5000×5000 + 100×20000 | 32600000
# OpenAI's price list
openai gpt-6-astra | in 8000 cached 6000 write5m 1000 out 2000 | 1000×10000 + 6000×1000 + 1000×12500 + 2000×50000 | 128500000
openai gpt-6-sol | in 1000 out 1000 | 1000×2000 + 1000×10000 | 12000000
openai gpt-6-luna | in 1001 cached 1000 out 3 | 1×100 + 1000×10 + 3×500 | 11600
# OpenAI's price list: sound has rates of its own
openai gpt-audio | in 1500 audioIn 1200 out 900 audioOut 800 | 300×2500 + 1200×32000 + 100×10000 + 800×64000 | 91350000
# OpenAI's price list: a web search is 10 USD a thousand
openai gpt-5 | in 9000 out 400 searches 3 | 9000×1250 + 400×10000 + 3×10000000 | 45250000
# OpenAI's price list: searches of the chat models that search by themselves are 25 USD a thousand
openai gpt-4o-search-preview | in 900 out 400 searches 1 | 900×2500 + 400×10000 + 1×25000000 | 31250000
# OpenAI's price list: embeddings have no output
openai text-embedding-3-small | in 123457 | 123457×20 | 2469140
# OpenAI's price list
openai text-embedding-3-large | in 8191 | 8191×130 | 1064830
# OpenAI's price list: 0.006 USD a minute of sound
openai whisper-1 | in 90 audioIn 90 | 90×100000 | 9000000
# OpenAI's price list: Batch is half
openai gpt-4o [batch] | in 1001 out 501 | 1001×1250 + 501×5000 | 3756250
# OpenAI's price list: Flex is half
openai gpt-5 [flex] | in 1001 cached 1000 out 501 | 1×625 + 1000×62.5 + 501×5000 | 2568125
# OpenAI's page on Fast mode, once Priority processing: 4.25, 2.125 and 17 USD
openai gpt-4o [priority] | in 1000 cached 600 out 500 | 400×4250 + 600×2125 + 500×17000 | 11475000
# OpenAI's page on Fast mode, once Priority processing: 0.25, 0.125 and 1 USD
openai gpt-4o-mini [priority] | in 7 cached 3 out 11 | 4×250 + 3×125 + 11×1000 | 12375
# OpenAI's page on Fast mode, once Priority processing: 2, 0.50 and 8 USD
openai o4-mini [priority] | in 1500 cached 1024 out 4000 | 476×2000 + 1024×500 + 4000×8000 | 33464000
# OpenAI's page on Fast mode, once Priority processing: 0.45, 0.045 and 3.60 USD
openai gpt-5-mini [priority] | in 1000 cached 100 out 10 | 900×450 + 100×45 + 10×3600 | 445500
# OpenAI's page on Fast mode, once Priority processing: 3.50, 0.875 and 14 USD
openai gpt-4.1 [priority] | in 1000 cached 100 out 10 | 900×3500 + 100×875 + 10×14000 | 3377500
# OpenAI's page on Fast mode, once Priority processing: 12.50, 1.25 and 75 USD
openai gpt-5.5 [fast] | in 1000 cached 100 out 10 | 900×12500 + 100×1250 + 10×75000 | 12125000
# OpenAI's page on Fast mode, once Priority processing: 16, 1.60 and 60 USD for long prompts
openai gpt-5.6-sol [fast] | in 300000 cached 100000 out 10 | 200000×16000 + 100000×1600 + 10×60000 | 3360600000
# OpenAI's guide to Ultrafast: 60, 6, 75 and 300 USD
openai gpt-6-astra [ultrafast] | in 1000 cached 100 write5m 50 out 10 | 850×60000 + 100×6000 + 50×75000 + 10×300000 | 58350000
# Anthropic's price list
anthropic claude-sonnet-4-5-20250929 | in 8100 cached 5000 write5m 1000 write1h 2000 out 10 | 100×3000 + 5000×300 + 1000×3750 + 2000×6000 + 10×15000 | 17700000
# Anthropic's price list: above 200,000 the whole request moved
anthropic claude-sonnet-4-5 | in 200001 cached 100000 out 10 | 100001×6000 + 100000×600 + 10×22500 | 660231000
# Anthropic's price list: the same with writes for an hour, at twice the dearer input
anthropic claude-sonnet-4-5 | in 300000 cached 100000 write5m 50000 write1h 50000 out 1000 | 100000×6000 + 100000×600 + 50000×7500 + 50000×12000 + 1000×22500 | 1657500000
# Anthropic's price list
anthropic claude-sonnet-4-6 | in 500000 cached 400000 out 1000 | 100000×3000 + 400000×300 + 1000×15000 | 435000000
anthropic claude-opus-4-1-20250805 | in 1000 cached 500 write5m 100 write1h 100 out 100 | 300×15000 + 500×1500 + 100×18750 + 100×30000 + 100×75000 | 17625000
anthropic claude-opus-4-5 | in 1000 cached 500 write5m 100 write1h 100 out 100 | 300×5000 + 500×500 + 100×6250 + 100×10000 + 100×25000 | 5875000
anthropic claude-opus-5 | in 123456 cached 100000 out 7890 | 23456×5000 + 100000×500 + 7890×25000 | 364530000
# Anthropic's price list: cache reads at a twentieth
anthropic claude-opus-5-5 | in 123456 cached 100000 write1h 3456 out 7890 | 20000×4000 + 100000×200 + 3456×8000 + 7890×20000 | 285448000
# Anthropic's price list: cache reads at a fortieth
anthropic claude-fable-5-1 | in 100000 cached 90000 write5m 5000 out 1000 | 5000×10000 + 90000×250 + 5000×12500 + 1000×50000 | 185000000
# Anthropic's price list
anthropic claude-sonnet-5 | in 1000 out 1000 | 1000×2000 + 1000×10000 | 12000000
# Anthropic's price list: a web search is 10 USD a thousand
anthropic claude-haiku-4-5 | in 10 out 10 searches 2 | 10×1000 + 10×5000 + 2×10000000 | 20060000
# Anthropic's price list
anthropic claude-3-haiku-20240307 | in 1000 cached 100 write5m 100 out 100 | 800×250 + 100×30 + 100×300 + 100×1250 | 358000
# Anthropic's price list: batches are half
anthropic claude-haiku-4-5 [batch] | in 1001 cached 333 out 101 | 668×500 + 333×50 + 101×2500 | 603150
# Anthropic's page on fast mode: 10 and 50 USD
anthropic claude-opus-4-8 [standard+fast] | in 1000 cached 100 out 100 | 900×10000 + 100×1000 + 100×50000 | 14100000
# Anthropic's page on fast mode: 30 and 150 USD
anthropic claude-opus-4-6 [fast] | in 1000 out 100 | 1000×30000 + 100×150000 | 45000000
# Anthropic's page on data residency: 1.1 times
anthropic claude-opus-5-5 [standard+us] | in 1000 cached 100 out 100 | 900×4400 + 100×220 + 100×22000 | 6182000
# Google's price list of the Gemini API
google gemini-2.5-pro | in 200000 cached 50000 out 2000 reasoning 1500 | 150000×1250 + 50000×125 + 2000×10000 | 213750000
# Google's price list of the Gemini API: above 200,000 the whole request moves
google gemini-2.5-pro | in 200001 cached 50000 out 2000 reasoning 1500 | 150001×2500 + 50000×250 + 2000×15000 | 417502500
# Google's price list of the Gemini API: sound costs 1 USD
google gemini-2.5-flash | in 5000 audioIn 4000 out 300 | 1000×300 + 4000×1000 + 300×2500 | 5050000
# Google's price list of the Gemini API: sound, text and cached text each at its own rate
google gemini-2.5-flash | in 1000 cached 100 audioIn 500 out 1 | 400×300 + 100×30 + 500×1000 + 1×2500 | 625500
# Google's page on tiers: batches are half, cached tokens as ever, and long prompts move as they do
google gemini-2.5-pro [batch] | in 300000 cached 100000 out 1000 | 200000×1250 + 100000×250 + 1000×7500 | 282500000
# Google's price list of the Gemini API
google gemini-2.5-flash-lite | in 5000 cached 1000 out 300 | 4000×100 + 1000×10 + 300×400 | 530000
google gemini-3.1-pro-preview | in 10000 out 3000 reasoning 2500 | 10000×2000 + 3000×12000 | 56000000
google gemini-3.5-flash | in 10000 cached 8000 out 3000 | 2000×1500 + 8000×150 + 3000×9000 | 31200000
# Google's page on tiers: Flex is half, cached tokens as ever
google gemini-2.5-pro [flex] | in 1000 cached 400 out 100 | 600×625 + 400×125 + 100×5000 | 925000
# Groq's price list
groq llama-3.3-70b-versatile | in 1000 out 1000 | 1000×590 + 1000×790 | 1380000
groq llama-3.1-8b-instant | in 33 out 7 | 33×50 + 7×80 | 2210
# Groq's page on flex processing: as on demand
groq openai/gpt-oss-120b [flex] | in 1000 cached 512 out 100 | 488×150 + 512×75 + 100×600 | 171600
# Groq's price list: 0.111 USD an hour of sound, by the second rounded up
groq whisper-large-v3 | in 3600 audioIn 3600 | 3600×30833.334 | 111000003
# Amazon's price list for Bedrock: the US profile is a tenth dearer
bedrock us.anthropic.claude-sonnet-4-5-20250929-v1:0 | in 1000 cached 100 write1h 100 out 10 | 800×3300 + 100×330 + 100×6600 + 10×16500 | 3498000
bedrock global.anthropic.claude-sonnet-4-5-20250929-v1:0 | in 1000 out 1 | 1000×3000 + 1×15000 | 3015000
# Amazon's price list for Bedrock: cached reads of Nova at a quarter
bedrock us.amazon.nova-micro-v1:0 | in 1000 cached 400 out 10 | 600×35 + 400×8.75 + 10×140 | 25900
# Google's price list for Vertex: Claude in one region is a tenth dearer
vertex claude-sonnet-4-5@20250929 [regional] | in 1000 out 1 | 1000×3300 + 1×16500 | 3316500
# OpenAI's price list: a tuned model at rates of its own
openai ft:gpt-4o-mini-2024-07-18:acme::abc | in 100 out 1000 | 100×300 + 1000×1200 | 1230000
# OpenAI's price list: GPT Image has 10 USD for pictures that it reads, 40 for those it draws
openai gpt-image-1 | in 1000 out 1000 | 1000×10000 + 1000×40000 | 50000000
# Mistral's price list
mistral mistral-medium-2508 | in 1000 cached 400 out 100 | 600×400 + 400×40 + 100×2000 | 456000
mistral mistral-large-2512 | in 1000 out 100 | 1000×500 + 100×1500 | 650000
mistral codestral-2508 | in 1000 out 100 | 1000×300 + 100×900 | 390000
# Mistral's price list: batches are half
mistral mistral-large-2512 [batch] | in 1001 out 101 | 1001×250 + 101×750 | 326000
# DeepSeek's price list: off-peak
deepseek deepseek-v4-pro @2026-11-23T04:00:00Z | in 1000 cached 700 out 100 | 300×660 + 700×22 + 100×1980 | 411400
# DeepSeek's price list: peak hours
deepseek deepseek-v4-pro @2026-11-23T01:00:00Z | in 1000 cached 700 out 100 | 300×1320 + 700×44 + 100×3960 | 822800
# DeepSeek's price list, before August 2026
deepseek deepseek-v4-flash @2026-08-01 | in 1000 cached 700 out 100 | 300×140 + 700×2.8 + 100×280 | 71960
# xAI's price list
xai grok-4.3 | in 199999 cached 100000 out 500 | 99999×1250 + 100000×200 + 500×2500 | 146248750
# xAI's price list: from 200,000 the whole request moves
xai grok-4.3 | in 200000 cached 100000 out 500 | 100000×2500 + 100000×400 + 500×5000 | 292500000
# xAI's price list
xai grok-4.6 | in 1000 cached 500 out 100 | 500×2000 + 500×500 + 100×6000 | 1850000
xai grok-4.5 | in 1000 cached 500 out 100 | 500×2000 + 500×300 + 100×6000 | 1750000
# Cohere's price list
cohere command-a-03-2025 | in 1000 out 100 | 1000×2500 + 100×10000 | 3500000
# Cohere's price list: 0.0375 USD is 37.5 nano-USD a token
cohere command-r7b-12-2024 | in 1 out 1 | 1×37.5 + 1×150 | 188
# Cohere's price list
cohere embed-v4.0 | in 10001 | 10001×120 | 1200120
# Cohere's price list: images are 0.47 USD
cohere embed-v4.0 [images] | in 10001 | 10001×470 | 4700470
`;

const CLASSES: Readonly<Record<string, keyof Usage>> = {
  in: "inputTokens",
  cached: "cachedInputTokens",
  write5m: "cacheWrite5mTokens",
  write1h: "cacheWrite1hTokens",
  out: "outputTokens",
  reasoning: "reasoningTokens",
  audioIn: "audioInputTokens",
  audioOut: "audioOutputTokens",
  searches: "webSearches",
};

const { providers } = parseConfig({
  providers: {
    openai: { protocol: "openai", baseUrl: "https://api.openai.com/v1" },
    anthropic: { protocol: "anthropic", baseUrl: "https://api.anthropic.com" },
    google: { protocol: "google", baseUrl: "https://generativelanguage.googleapis.com/v1beta" },
    groq: { protocol: "openai", baseUrl: "https://api.groq.com/openai/v1" },
    mistral: { protocol: "openai", baseUrl: "https://api.mistral.ai/v1" },
    deepseek: { protocol: "openai", baseUrl: "https://api.deepseek.com" },
    xai: { protocol: "openai", baseUrl: "https://api.x.ai/v1" },
    bedrock: { protocol: "bedrock", baseUrl: "https://bedrock-runtime.us-east-1.amazonaws.com" },
    vertex: { protocol: "google", baseUrl: "https://us-east5-aiplatform.googleapis.com" },
    cohere: { protocol: "cohere", baseUrl: "https://api.cohere.com" },
  },
});

describe("published prices", () => {
  const book = new PriceBook(providers, []);
  const rows = KNOWN.split("\n").filter((line) => line.includes("|"));

  it("are known by hand for many calls", () => {
    assert.ok(rows.length >= 60, `${rows.length} rows`);
  });

  for (const row of rows) {
    it(`of ${row}`, () => {
      const [head = "", classes = "", sum = "", nano = ""] = row.split(" | ");
      const [, provider = "", model = "", at, tier = null] =
        /^(\S+) (\S+)(?: @(\S+))?(?: \[(\S+)\])?$/.exec(head) ?? [];
      const usage: Usage = { ...NO_USAGE };
      for (const [, name = "", count] of classes.matchAll(/(\w+) (\d+)/g)) {
        usage[CLASSES[name] as keyof Usage] = Number(count);
      }
      const worked = sum.split(" + ").map((part) => part.split("×").map(Number) as [number, number]);
      const total = worked.reduce((cost, [tokens, rate]) => cost + tokens * Math.round(rate * 1_000), 0);
      assert.equal(Math.ceil(total / 1_000), Number(nano), "the row adds up");
      const found = book.lookUp(provider, model, Date.parse(at ?? "2026-11-21T12:00:00Z"), tier, usage.inputTokens);
      assert.ok(found !== null, "it has a price");
      assert.equal(costOf(usage, found.rates), Number(nano));
      assert.equal(found.basis, "catalog");
    });
  }
});
