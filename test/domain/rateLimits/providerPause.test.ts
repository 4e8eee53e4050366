import assert from "node:assert/strict";
import { pauseAskedFor } from "../../../src/domain/rateLimits/providerPause.ts";

const NOW = Date.UTC(2026, 10, 28, 12);

describe("a pause that a provider asks for", () => {
  for (const [what, status, headers, expected] of [
    ["nothing is asked for", 200, { "x-ratelimit-remaining-requests": "9999", "x-ratelimit-reset-requests": "6ms" }, 0],
    [
      "OpenAI has no request left",
      200,
      { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m2.5s" },
      62_500,
    ],
    ["OpenAI has no token left", 200, { "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "20ms" }, 20],
    [
      "Anthropic has no token left",
      200,
      {
        "anthropic-ratelimit-tokens-remaining": "0",
        "anthropic-ratelimit-tokens-reset": new Date(NOW + 7_000).toISOString(),
      },
      7_000,
    ],
    [
      "Groq says it in seconds",
      200,
      { "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "7.66s" },
      7_660,
    ],
    [
      "OpenRouter says the moment",
      200,
      { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": String(NOW + 400) },
      400,
    ],
    ["429 with seconds", 429, { "retry-after": "3" }, 3_000],
    ["429 with ms", 429, { "retry-after": "3", "retry-after-ms": "2500" }, 2_500],
    ["overload with a date", 529, { "retry-after": new Date(NOW + 4_000).toUTCString() }, 4_000],
    ["429 without a word", 429, {}, 0],
    ["a success with retry-after", 200, { "retry-after": "3" }, 0],
    ["nonsense", 429, { "retry-after": "soon" }, 0],
    ["a day", 429, { "retry-after": "86400" }, 600_000],
  ] as const) {
    it(`is read where ${what}`, () => {
      assert.ok(Math.abs(pauseAskedFor(status, headers, NOW) - expected) < 1);
    });
  }
});
