import assert from "node:assert/strict";
import { openaiResponses } from "../../../src/domain/protocols/openaiResponses.ts";
import { beginning, delta, facts, readingOf, response, started } from "./sampleResponses.ts";
import { bodyOf, named, utf8 } from "./streams.ts";

describe("openai-responses in the background", () => {
  const collected = (body: unknown, path = "/v1/responses/resp_1") =>
    openaiResponses.readCollected?.(path, 200, typeof body === "string" ? utf8(body) : bodyOf(body)) ?? null;
  const queued = response({ status: "queued", background: true, output: [], usage: null });

  it("answer at once, and name the work that goes on", () => {
    const reading = openaiResponses.readJson(200, bodyOf(queued), facts);
    assert.deepEqual([reading.deferredId, reading.basis, reading.trouble], ["resp_1", "none", null]);
    const running = { ...started, background: true };
    const stream = [{ type: "response.created", response: running }, delta("x".repeat(30))];
    const cut = readingOf(...stream);
    assert.deepEqual([cut.deferredId, cut.usage.outputTokens], ["resp_1", 10]);
    const done = { type: "response.completed", response: response({ background: true }) };
    const whole = readingOf(...stream, done);
    assert.deepEqual([whole.deferredId, whole.basis], [null, "reported"]);
    assert.equal(readingOf(...beginning, delta("x")).deferredId, null);
  });

  it("are collected when they are fetched, as JSON or as a stream that is taken up again", () => {
    assert.deepEqual(collected(queued), { deferredId: "resp_1", readings: [], alsoKnownAs: [] });
    const end = { type: "response.completed", response: response() };
    for (const body of [response(), named(delta("late"), end)]) {
      const { deferredId, readings = [] } = collected(body) ?? {};
      assert.deepEqual([deferredId, readings.length, readings[0]?.basis], ["resp_1", 1, "reported"]);
      assert.equal(readings[0]?.usage.outputTokens, 50);
    }
    const incomplete = collected(response({ status: "incomplete" }));
    assert.equal(incomplete?.readings[0]?.usage.inputTokens, 1_000);
  });

  it("that failed cost nothing; what cancelled ones cost is not known unless the provider says", () => {
    const error = { code: "server_error", message: "…" };
    const failed = collected(response({ status: "failed", error, output: [], usage: null }))?.readings[0];
    assert.deepEqual([failed?.basis, failed?.usage.inputTokens], ["reported", 0]);
    const cancel = "/responses/resp_1/cancel";
    const cancelled = collected(response({ status: "cancelled", output: [], usage: null }), cancel);
    assert.deepEqual([cancelled?.deferredId, cancelled?.readings[0]?.basis], ["resp_1", "none"]);
    assert.equal(collected(response({ status: "cancelled" }), cancel)?.readings[0]?.basis, "reported");
  });

  it("tell nothing in answers that are no response", () => {
    assert.equal(openaiResponses.readCollected?.("/responses/resp_1", 404, bodyOf({ error: {} })), null);
    assert.equal(collected("<html>"), null);
    assert.equal(collected({ object: "list" }), null);
    assert.equal(collected(named(delta("x"))), null);
  });
});
