import assert from "node:assert/strict";
import { protocolFor } from "../../../src/domain/protocols/families.ts";
import { openaiCompaction } from "../../../src/domain/protocols/openaiResponses.ts";
import { request, usage } from "./sampleResponses.ts";
import { bodyOf } from "./streams.ts";

describe("the routes of openai-responses", () => {
  const kind = (method: string, path: string) => protocolFor("openai", method, path)?.kind ?? null;

  it("are metered, told of, or free", () => {
    for (const path of ["/responses", "/v1/responses", "/openai/v1/responses/", "/responses/compact"]) {
      assert.equal(kind("POST", path), "metered", path);
      assert.equal(protocolFor("ollama", "POST", path)?.kind, "metered");
    }
    assert.equal(kind("GET", "/v1/responses/resp_1"), "collect");
    assert.equal(kind("POST", "/responses/resp_1/cancel"), "collect");
    assert.equal(kind("POST", "/responses/input_tokens"), "free");
    assert.equal(kind("GET", "/responses/resp_1/input_items"), "free");
    assert.equal(kind("DELETE", "/v1/responses/resp_1"), "free");
    assert.equal(kind("POST", "/conversations/conv_1/items"), "free");
    assert.equal(kind("POST", "/responses/resp_1/other"), null);
  });

  it("for compaction bound what it reads, and cannot lower what it writes", () => {
    const compacted = openaiCompaction.read(bodyOf({ ...request, previous_response_id: "resp_0" }));
    assert.deepEqual([compacted.clampable, compacted.outputLimitTokens, compacted.hiddenInput], [false, null, true]);
    const answer = { id: "resp_2", object: "response.compaction", output: [], usage };
    assert.equal(openaiCompaction.readJson(200, bodyOf(answer), compacted).usage.outputTokens, 50);
  });
});
