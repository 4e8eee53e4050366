import assert from "node:assert/strict";
import { parseConfig } from "../../../src/domain/config.ts";
import { PriceBook } from "../../../src/domain/priceBook.ts";
import { builtInCatalog } from "../../../src/domain/prices/builtInCatalog.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const { providers, prices } = parseConfig({
  providers: {
    aws: { protocol: "bedrock", baseUrl: "https://bedrock-runtime.eu-central-1.amazonaws.com" },
    bedrock: { protocol: "bedrock", baseUrl: "http://127.0.0.1:4100" },
    cohere: { protocol: "cohere", baseUrl: "https://api.cohere.com" },
  },
});
const book = new PriceBook(providers, prices);
const ratesOf = (provider: string, model: string, tier: string | null = null) =>
  book.lookUp(provider, model, NOW, tier)?.rates;

describe("Bedrock's and Cohere's prices", () => {
  it("are found by every address of Bedrock's, and by its name, but not by a stranger's", () => {
    for (const host of [
      "bedrock-runtime.us-east-1.amazonaws.com",
      "bedrock-runtime-fips.us-gov-west-1.amazonaws.com",
      "vpce-0a1-b2.bedrock-runtime.us-east-1.vpce.amazonaws.com",
      "bedrock-runtime.us-east-1.api.aws",
    ]) {
      assert.equal(builtInCatalog().providerOf("x", `https://${host}`), "aws", host);
    }
    assert.equal(
      builtInCatalog().providerOf("x", "https://bedrock-runtime.us-east-1.amazonaws.com.evil.example"),
      null,
    );
    assert.equal(builtInCatalog().providerOf("x", "https://llm.example/bedrock-runtime.us-east-1.api.aws"), null);
    assert.equal(builtInCatalog().providerOf("bedrock", "http://127.0.0.1:4100"), "aws");
  });

  it("tell a call kept to a region, which costs a tenth more, from a global one", () => {
    assert.equal(ratesOf("aws", "us.anthropic.claude-sonnet-4-5-20250929-v1:0")?.input, 3_300_000);
    assert.equal(ratesOf("bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0")?.input, 3_000_000);
    assert.equal(ratesOf("aws", "us.amazon.nova-micro-v1:0")?.output, 140_000);
    assert.equal(ratesOf("aws", "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc"), undefined);
    assert.equal(ratesOf("cohere", "command-r7b-12-2024")?.output, 150_000);
  });

  it("charge writes that are kept for an hour more than those for 5 minutes, as the maker does", () => {
    for (const model of ["claude-sonnet-4-5-20250929-v1:0", "claude-haiku-4-5-20251001-v1:0", "claude-opus-5-5"]) {
      const rates = ratesOf("aws", `eu.anthropic.${model}`);
      assert.ok(rates !== undefined, model);
      assert.deepEqual([rates.cacheWrite5m, rates.cacheWrite1h], [rates.input * 1.25, rates.input * 2], model);
    }
  });

  it("of images to embed are no lower than Cohere's 0.47 USD", () => {
    assert.ok((ratesOf("cohere", "embed-v4.0", "images")?.input ?? 0) >= 470_000);
    assert.equal(ratesOf("cohere", "embed-v4.0")?.input, 120_000);
  });
});
