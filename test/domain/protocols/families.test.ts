import assert from "node:assert/strict";
import type { Provider } from "../../../src/domain/config.ts";
import { type Refusal, refusalSchema } from "../../../src/domain/events.ts";
import { errorShapeOf, protocolFor } from "../../../src/domain/protocols/families.ts";

const route = (family: Provider["protocol"], method: string, path: string) => {
  const found = protocolFor(family, method, path);
  return found === null ? "unknown" : (found.protocol?.name ?? found.kind);
};

const refusal: Refusal = {
  reason: "budget",
  budget: "month",
  window: "month",
  spentNanoUsd: 5_000_000_000,
  heldNanoUsd: 0,
  limitNanoUsd: 5_000_000_000,
  worstCaseNanoUsd: 429_000_000,
  neededNanoUsd: 429_000_000,
  resetsAt: "2026-12-01T00:00:00.000Z",
  message: "Budget “month” is spent",
};

describe("routes", () => {
  it("that cost money are metered, wherever they stand below the base", () => {
    for (const path of ["/chat/completions", "/v1/chat/completions", "/openai/v1/chat/completions/"]) {
      assert.equal(route("openai", "POST", path), "openai-chat");
      assert.equal(route("ollama", "POST", path), "openai-chat");
    }
    assert.equal(route("anthropic", "POST", "/v1/messages"), "anthropic-messages");
  });

  it("that cost nothing are free, and all others unknown", () => {
    assert.equal(route("openai", "GET", "/models"), "free");
    assert.equal(route("openai", "GET", "/v1/models/org/model"), "free");
    assert.equal(route("openai", "POST", "/moderations"), "free");
    assert.equal(route("anthropic", "POST", "/v1/messages/count_tokens"), "free");
    for (const path of [
      "/fine_tuning/jobs",
      "/videos",
      "/chat/completions/x",
      "/async/chat/completions",
      "/api/pull",
    ]) {
      assert.equal(route("openai", "POST", path), "unknown");
    }
    for (const path of ["/v1/complete", "/api/copy"]) {
      assert.equal(route("anthropic", "POST", path), "unknown");
    }
  });
});

describe("moderation", () => {
  it("is free where OpenAI does it, and metered by its input where Mistral bills it", () => {
    const at = (path: string, baseUrl: string) => protocolFor("openai", "POST", path, baseUrl);
    assert.equal(at("/moderations", "https://api.openai.com/v1")?.kind, "free");
    assert.equal(at("/moderations", "https://mistral.ai.example/v1")?.kind, "free");
    for (const path of ["/moderations", "/v1/chat/moderations"]) {
      const route = at(path, "https://api.mistral.ai/v1");
      assert.deepEqual([route?.kind, route?.protocol?.name], ["metered", "openai-moderations"]);
      const input = path.includes("chat") ? [[{ role: "user", content: "Hello" }]] : ["Hello", "again"];
      const body = Buffer.from(JSON.stringify({ model: "mistral-moderation-latest", input }));
      const facts = route?.protocol?.read(body);
      assert.ok(facts !== undefined && facts.inputBoundTokens >= 12 && facts.outputLimitTokens === 0);
      const usage = { prompt_tokens: 12, completion_tokens: 0, total_tokens: 12 };
      const answer = Buffer.from(JSON.stringify({ id: "m", model: "mistral-moderation-2411", results: [], usage }));
      const reading = route?.protocol?.readJson(200, answer, facts);
      assert.deepEqual([reading?.usage.inputTokens, reading?.usage.outputTokens, reading?.basis], [12, 0, "reported"]);
    }
  });
});

describe("routes of another family", () => {
  it("are metered by its protocol, on hosts that speak more than one", () => {
    assert.equal(route("openai", "POST", "/anthropic/v1/messages"), "anthropic-messages");
    assert.equal(route("anthropic", "POST", "/v1/chat/completions"), "openai-chat");
    assert.equal(route("openai", "POST", "/v1beta/models/gemini-2.5-pro:generateContent"), "google-generate");
    assert.equal(route("openai", "POST", "/api/chat"), "ollama-chat");
  });
});

describe("refusals and errors", () => {
  it("stop clients, and say why in the words of the family", () => {
    const { message } = refusal;
    const bodies = {
      openai: { error: { message, type: "billing_error", param: null, code: "budget_exceeded" } },
      anthropic: { type: "error", error: { type: "billing_error", message } },
      google: { error: { code: 402, message, status: "FAILED_PRECONDITION" } },
      ollama: { error: message },
      cohere: { message },
      bedrock: { message },
    };
    for (const family of Object.keys(bodies) as (keyof typeof bodies)[]) {
      const { status, headers, body } = errorShapeOf(family).refuse(refusal);
      assert.deepEqual([status, headers["x-should-retry"], headers["retry-after"]], [402, "false", undefined], family);
      // Nothing else: opencode calls again where the digits of a figure look like a status.
      assert.deepEqual(JSON.parse(body), bodies[family]);
    }
  });

  it("carry the refusal in a header for clients of ours, in every family", () => {
    for (const family of ["openai", "anthropic", "google", "ollama"] as const) {
      const header = errorShapeOf(family).refuse(refusal).headers["x-tollgate-refusal"] ?? "";
      assert.match(header, /^[\x21-\x7e]+$/);
      assert.deepEqual(refusalSchema.parse(JSON.parse(decodeURIComponent(header))), refusal);
    }
  });

  it("of the gateway itself have the family's shape", () => {
    const openai = errorShapeOf("openai").fail(401, "invalid_pass", "No such pass");
    assert.deepEqual(JSON.parse(openai.body).error, {
      message: "No such pass",
      type: "authentication_error",
      param: null,
      code: "invalid_pass",
    });
    assert.equal(openai.headers["x-should-retry"], "false");
    const anthropic = errorShapeOf("anthropic").fail(502, "upstream_closed", "Gone");
    assert.deepEqual(JSON.parse(anthropic.body), { type: "error", error: { type: "api_error", message: "Gone" } });
    assert.equal(anthropic.headers["x-should-retry"], undefined);
  });
});
