import assert from "node:assert/strict";
import { parseConfig } from "../../../src/domain/config.ts";
import { PriceBook } from "../../../src/domain/priceBook.ts";
import { googleEmbed } from "../../../src/domain/protocols/googleEmbed.ts";
import { bodyOf } from "../protocols/streams.ts";

const AT = Date.parse("2026-11-20T12:00:00Z");
const { providers } = parseConfig({
  providers: {
    google: { protocol: "google", baseUrl: "https://generativelanguage.googleapis.com" },
    vertex: { protocol: "google", baseUrl: "https://europe-west4-aiplatform.googleapis.com" },
  },
});
const book = new PriceBook(providers, []);
const rates = (provider: string, model: string, tier?: string) => book.lookUp(provider, model, AT, tier)?.rates;

describe("Google's prices", () => {
  it("have a fee for searches: by the grounded prompt before Gemini 3, by the query since, Anthropic's for Claude", () => {
    assert.equal(rates("google", "gemini-2.5-flash")?.webSearchNanoUsd, 35_000_000);
    assert.equal(rates("vertex", "gemini-3-flash-preview")?.webSearchNanoUsd, 14_000_000);
    assert.equal(rates("vertex", "claude-sonnet-4-5@20250929")?.webSearchNanoUsd, 10_000_000);
  });

  it("for embeddings of texts alone are lower than those of films", () => {
    const path = "/v1beta/models/gemini-embedding-2:embedContent";
    const tierOf = (part: object) =>
      googleEmbed.read(bodyOf({ content: { parts: [part] } }), { path, search: "", contentType: null }).serviceTier;
    const film = { inlineData: { mimeType: "video/mp4", data: "AAAA" } };
    assert.equal(book.lookUp("google", "gemini-embedding-2", AT, tierOf({ text: "Hi" }))?.rates.input, 200_000);
    assert.equal(book.lookUp("google", "gemini-embedding-2", AT, tierOf(film))?.rates.input, 12_000_000);
    assert.equal(book.dearest("google", "gemini-embedding-2", AT, 100, tierOf({ text: "Hi" }), true)?.input, 200_000);
  });

  it("hold for Claude at Vertex, a tenth more in a region of the client's choice", () => {
    assert.equal(rates("vertex", "claude-sonnet-4-5@20250929")?.input, 3_000_000);
    assert.equal(rates("vertex", "claude-sonnet-4-5@20250929", "standard+regional")?.input, 3_300_000);
  });

  it("know the longest context where the catalogue rounds it down or has none", () => {
    assert.equal(book.contextWindow("google", "gemini-2.5-flash"), 1_048_576);
    assert.equal(book.contextWindow("google", "gemini-2.5-pro"), 1_048_576);
    assert.ok(book.contextWindow("google", "tunedModels/mine") >= 2_000_000);
  });
});
