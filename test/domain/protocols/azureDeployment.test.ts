import assert from "node:assert/strict";
import type { Protocol, RequestContext } from "../../../src/domain/protocol.ts";
import { deploymentIn } from "../../../src/domain/protocols/azureDeployment.ts";
import { protocolFor } from "../../../src/domain/protocols/families.ts";
import { bodyOf } from "./streams.ts";

const BASE = "https://contoso.openai.azure.com/openai";
const messages = [{ role: "user", content: "Hello" }];
const BODIES: Readonly<Record<string, object>> = {
  "chat/completions": { messages },
  completions: { prompt: "Hello" },
  embeddings: { input: "Hello" },
  "images/generations": { prompt: "A gate" },
  "audio/speech": { input: "Hello", voice: "ash" },
};

function modelAt(path: string, body: object, baseUrl = BASE, search = ""): string {
  const { protocol } = protocolFor("openai", "POST", path, baseUrl) as { readonly protocol: Protocol };
  const context: RequestContext = { path, search, contentType: "application/json" };
  return protocol.read(bodyOf(body), context).model;
}

describe("Azure's deployments", () => {
  it("name the model in the path, on every route, whatever the body says", () => {
    for (const [route, body] of Object.entries(BODIES)) {
      assert.equal(modelAt(`/deployments/gpt-4o/${route}`, { ...body, model: "gpt-4o-mini" }), "gpt-4o", route);
      assert.equal(modelAt(`/v1/${route}`, { ...body, model: "gpt-4o-mini" }), "gpt-4o-mini", route);
    }
  });

  it("may stand in the provider's base address as well", () => {
    for (const [route, body] of Object.entries(BODIES)) {
      assert.equal(modelAt(`/${route}`, body, `${BASE}/deployments/my%20model`), "my model", route);
    }
  });

  it("are read from any path without a throw", () => {
    assert.equal(deploymentIn("/deployments/%E0%A4%A/chat/completions"), "%E0%A4%A");
    assert.equal(deploymentIn("/v1/chat/completions"), null);
  });

  it("behind an old version of the API are not asked for what it would refuse", () => {
    const { protocol } = protocolFor("openai", "POST", "/deployments/gpt-4o/chat/completions", BASE) as {
      readonly protocol: Protocol;
    };
    const body = bodyOf({ messages, stream: true });
    const sent = (search: string) => {
      const context = { path: "/deployments/gpt-4o/chat/completions", search, contentType: null };
      return protocol.rewrite(body, protocol.read(body, context), {}).toString();
    };
    assert.equal(sent("?api-version=2024-06-01"), body.toString());
    for (const search of ["?api-version=2024-10-21", "?api-version=2024-09-01-preview", "?api-version=preview", ""]) {
      assert.match(sent(search), /"include_usage":true/, search);
    }
  });
});
