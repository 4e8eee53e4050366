import assert from "node:assert/strict";
import { calcPrice } from "@pydantic/genai-prices";
import { anthropicModels, googleEmbeddingModels, googleModels, openaiModels } from "./models.ts";

describe("models of the simulated providers", () => {
  for (const [providerId, models] of [
    ["openai", openaiModels],
    ["anthropic", anthropicModels],
    ["google", { ...googleModels, ...googleEmbeddingModels }],
  ] as const) {
    it(`have a price, under the name asked for and the name served: ${providerId}`, () => {
      for (const name of Object.entries(models).flat()) {
        const price = calcPrice({ input_tokens: 1000, output_tokens: 1000 }, name, { providerId });
        assert.ok(price && price.total_price > 0, name);
      }
    });
  }
});
