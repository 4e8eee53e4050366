import assert from "node:assert/strict";
import type { Config } from "../../../src/domain/config.ts";
import { NO_CONTEXT } from "../../../src/domain/protocol.ts";
import { isDeployed, withoutDeployment } from "../../../src/domain/protocols/azureDeployment.ts";
import { keptInRegion } from "../../../src/domain/protocols/bedrockPath.ts";
import { protocolFor } from "../../../src/domain/protocols/families.ts";

type Family = Config["providers"][string]["protocol"];

const contents = { contents: [{ parts: [{ text: "Hi" }] }] };
const messages = { messages: [{ role: "user", content: "Hi" }], max_tokens: 9 };
const converse = { messages: [{ role: "user", content: [{ text: "Hi" }] }] };
const claude = { ...messages, anthropic_version: "bedrock-2023-05-31" };
const signed = { authorization: "AWS4-HMAC-SHA256 Credential=AKIA/x" };
const SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const HAIKU = "eu.anthropic.claude-haiku-4-5-20251001-v1:0";
const at = (model: string, operation: string) => `/model/${encodeURIComponent(model)}/${operation}`;

/** The route, body and base of a call to another model; null where it cannot be made so. */
function moved(
  family: Family,
  route: string,
  body: object,
  model: string,
  { baseUrl = "https://x.example", headers = {} } = {},
) {
  const found = protocolFor(family, "POST", route, baseUrl);
  assert.ok(found?.kind === "metered", route);
  const { protocol } = found;
  const bytes = Buffer.from(JSON.stringify(body));
  const context = { ...NO_CONTEXT, path: route, headers };
  const facts = protocol.read(bytes, context);
  const other = protocol.forModel?.({ baseUrl, route, body: bytes }, facts, context, model) ?? null;
  if (other !== null) {
    const there = protocolFor(family, "POST", other.route, other.baseUrl);
    assert.ok(there?.kind === "metered");
    // What is held and booked is what is read at the other place.
    assert.equal(there.protocol.read(other.body, { ...context, path: other.route }).model, model);
  }
  return other === null
    ? null
    : { route: other.route, baseUrl: other.baseUrl, body: JSON.parse(other.body.toString()) };
}

describe("the same call for another model", () => {
  it("changes the path of Google's calls, at AI Studio and at Vertex, and of tuned and deployed models", () => {
    const flash = "gemini-2.5-flash-lite";
    const routes = {
      "/v1beta/models/gemini-2.5-pro:streamGenerateContent": `/v1beta/models/${flash}:streamGenerateContent`,
      "/v1beta/tunedModels/mine:generateContent": `/v1beta/models/${flash}:generateContent`,
      "/v1/projects/p/locations/eu/publishers/google/models/gemini-2.5-pro:generateContent": `/v1/projects/p/locations/eu/publishers/google/models/${flash}:generateContent`,
      "/v1/projects/p/locations/eu/endpoints/12:generateContent": `/v1/projects/p/locations/eu/publishers/google/models/${flash}:generateContent`,
    };
    for (const [route, expected] of Object.entries(routes)) {
      assert.equal(moved("google", route, contents, flash)?.route, expected);
    }
    const named = moved("google", "/v1beta/models/a:generateContent", { ...contents, model: "models/a" }, flash);
    assert.equal(named?.body.model, `models/${flash}`);
  });

  it("leaves a Google call where it is whose cache belongs to its model, or that would meet another maker's words", () => {
    const route = "/v1beta/models/gemini-2.5-pro:generateContent";
    assert.equal(moved("google", route, { ...contents, cachedContent: "cachedContents/1" }, "gemini-2.5-flash"), null);
    assert.equal(moved("google", route, contents, "claude-haiku-4-5"), null);
    const vertex = "/v1/projects/p/locations/global/publishers/anthropic/models/claude-opus-4-5:streamRawPredict";
    const body = { ...messages, anthropic_version: "vertex-2023-10-16" };
    assert.equal(moved("google", vertex, body, "gemini-2.5-flash"), null);
    const haiku = moved("google", vertex, body, "claude-haiku-4-5@20251001");
    assert.equal(haiku?.route, vertex.replace("claude-opus-4-5", "claude-haiku-4-5%4020251001"));
    assert.deepEqual(haiku?.body, body);
    assert.equal(
      moved("google", "/v1beta/models/gemini-embedding-001:embedContent", { content: { parts: [{ text: "a" }] } }, "b"),
      null,
    );
  });

  it("changes the path of Bedrock's calls, unless they are signed or the other model takes other words", () => {
    assert.equal(moved("bedrock", at(SONNET, "converse-stream"), converse, HAIKU)?.route, at(HAIKU, "converse-stream"));
    assert.equal(
      moved("bedrock", `/model/${SONNET}/converse`, converse, "amazon.nova-lite-v1:0")?.route,
      at("amazon.nova-lite-v1:0", "converse"),
    );
    assert.equal(moved("bedrock", at(SONNET, "converse"), converse, HAIKU, { headers: signed }), null);
    const thinks = {
      ...converse,
      additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 2_000 } },
    };
    assert.equal(moved("bedrock", at(SONNET, "converse"), thinks, "amazon.nova-lite-v1:0"), null);
    assert.ok(moved("bedrock", at(SONNET, "converse"), thinks, HAIKU));
    const stored = "arn:aws:bedrock:us-east-1:1:prompt/P";
    assert.equal(moved("bedrock", `/model/${stored}/converse`, { messages: undefined }, HAIKU), null);
    assert.equal(moved("bedrock", at(SONNET, "invoke"), claude, HAIKU)?.route, at(HAIKU, "invoke"));
    assert.equal(moved("bedrock", at(SONNET, "invoke"), claude, "amazon.nova-lite-v1:0"), null);
    assert.equal(moved("bedrock", at(SONNET, "invoke"), claude, HAIKU, { headers: signed }), null);
    const nova = { ...converse, schemaVersion: "messages-v1" };
    assert.ok(moved("bedrock", at("amazon.nova-pro-v1:0", "invoke"), nova, "us.amazon.nova-lite-v1:0"));
    assert.equal(moved("bedrock", at("amazon.nova-pro-v1:0", "invoke"), nova, "amazon.titan-text-lite-v1"), null);
    assert.equal(keptInRegion("global.anthropic.claude-haiku-4-5", SONNET), "us.anthropic.claude-haiku-4-5");
  });

  it("goes to Azure's deployment of that name, wherever the address names one; other hosts get the model in the body", () => {
    const azure = { baseUrl: "https://a.example/openai" };
    const chat = moved("openai", "/deployments/big/chat/completions", messages, "small one", azure);
    assert.equal(chat?.route, "/deployments/small%20one/chat/completions");
    const both = moved("openai", "/deployments/big/chat/completions", { ...messages, model: "big" }, "small", azure);
    assert.deepEqual([both?.route, both?.body.model], ["/deployments/small/chat/completions", "small"]);
    const inBase = { baseUrl: "https://a.example/openai/deployments/big" };
    assert.equal(
      moved("openai", "/chat/completions", messages, "small", inBase)?.baseUrl,
      "https://a.example/openai/deployments/small",
    );
    assert.equal(isDeployed({ baseUrl: azure.baseUrl, route: "/chat/completions" }), false);
    assert.equal(moved("openai", "/chat/completions", messages, "small"), null, "nothing names a model");
    const body = Buffer.from(JSON.stringify(messages));
    const asked = { baseUrl: "http://vllm/v1", route: "/openai/deployments/big/chat/completions", body };
    const route = protocolFor("openai", "POST", asked.route);
    assert.ok(route?.kind === "metered");
    const [plain, facts] = withoutDeployment(asked, route.protocol.read(body, { ...NO_CONTEXT, path: asked.route }));
    const qwen = route.protocol.forModel?.(plain, facts, NO_CONTEXT, "qwen");
    assert.deepEqual([qwen?.route, JSON.parse(String(qwen?.body)).model], ["/chat/completions", "qwen"]);
  });
});
