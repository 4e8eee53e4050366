import assert from "node:assert/strict";
import { PromptError } from "../../src/prompts/promptError.ts";
import type { PromptRequest } from "../../src/prompts/promptRequest.ts";
import { runPrompt } from "../../src/prompts/runPrompt.ts";
import { startGoogleUpstream } from "../upstreams/googleUpstream.ts";
import type { Upstream } from "../upstreams/upstreamServer.ts";

describe("a prompt to Google", () => {
  let upstream: Upstream;
  before(async () => {
    upstream = await startGoogleUpstream();
  });
  beforeEach(() => upstream.reset());
  after(() => upstream.stop());

  const prompt = (more: Partial<PromptRequest> = {}): PromptRequest => ({
    provider: "google",
    protocol: "google",
    model: "gemini-2.5-flash",
    baseUrl: upstream.url,
    key: "right",
    messages: [{ role: "user", text: "Say hello" }],
    maxOutputTokens: 200,
    ...more,
  });
  const noTime = { sleep: async () => {}, random: () => 0 };
  const failureOf = (request: PromptRequest) =>
    runPrompt(request, { clock: noTime }).then(
      () => assert.fail("The prompt succeeded"),
      (error: unknown) => {
        assert.ok(error instanceof PromptError);
        return error;
      },
    );

  it("streams its answer, with instruction, turns and limit as Google takes them", async () => {
    upstream.script.next({ text: "Hello there, how are you?", splitBytes: 9 });
    const pieces: string[] = [];
    const messages = [
      { role: "user", text: "Hi" },
      { role: "assistant", text: "Yes?" },
      { role: "user", text: "Say hello" },
    ] as const;
    // A base that ends in a version, and one that does not.
    const result = await runPrompt(prompt({ messages, system: "Be kind", baseUrl: `${upstream.url}/v1beta` }), {
      onText: (piece) => pieces.push(piece),
    });
    assert.equal(result.text, "Hello there, how are you?");
    assert.ok(pieces.length > 1);
    assert.deepEqual([result.stopReason, result.cutByLimit], ["stop", false]);
    const [sent] = upstream.requests;
    assert.equal(sent?.headers["x-goog-api-key"], "right");
    assert.deepEqual(sent?.body, {
      contents: messages.map(({ role, text }) => ({ role: role === "user" ? "user" : "model", parts: [{ text }] })),
      systemInstruction: { parts: [{ text: "Be kind" }] },
      generationConfig: { maxOutputTokens: 200 },
    });
  });

  it("says that the answer reached its limit, that the key is wrong or missing, and how a stream failed", async () => {
    upstream.script.next({ answerTokens: 500 });
    assert.equal((await runPrompt(prompt({ maxOutputTokens: 20 }))).cutByLimit, true);
    assert.equal((await failureOf(prompt({ key: "wrong" }))).kind, "key-wrong");
    assert.equal((await failureOf(prompt({ key: null }))).kind, "key-missing");
    assert.equal((await failureOf(prompt({ model: "gemini-0" }))).kind, "model-unknown");
    upstream.script.default = { errorAfter: 0 };
    assert.match((await failureOf(prompt())).message, /ended its answer with an error: An internal error/);
  });
});
