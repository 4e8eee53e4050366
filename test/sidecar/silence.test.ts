import assert from "node:assert/strict";
import { startOpenaiUpstream } from "../upstreams/openaiUpstream.ts";
import type { Upstream } from "../upstreams/upstreamServer.ts";
import { RunningSidecar } from "./runSidecar.ts";

/** In place of an hour. */
const LIMIT_MS = 2_000;

describe("a provider's silence, through the real sidecar process", function () {
  this.timeout(60_000);
  let upstream: Upstream;
  let sidecar: RunningSidecar;
  let url: string;

  before(async () => {
    upstream = await startOpenaiUpstream();
    const providers = { openai: { protocol: "openai", baseUrl: upstream.url } };
    sidecar = await RunningSidecar.start({ providers }, { args: ["--silence-limit", String(LIMIT_MS)] });
    url = `${(await sidecar.urls()).openai}/chat/completions`;
  });
  after(async () => {
    await sidecar.remove();
    await upstream.stop();
  });

  const ask = () =>
    fetch(url, {
      method: "POST",
      headers: { authorization: "Bearer sk-planted" },
      body: JSON.stringify({ model: "gpt-4o-mini", stream: true, messages: [{ role: "user", content: "hi" }] }),
    });
  const booked = (answer: Response) => sidecar.api.call(answer.headers.get("x-tollgate-call-id") ?? "", 10_000);

  it("cuts no stream, however long it lasts in all", async () => {
    upstream.script.next({ text: "A gate.", gapMs: LIMIT_MS / 3 });
    const begun = Date.now();
    const answer = await ask();
    assert.match(await answer.text(), /\[DONE\]/);
    assert.ok(Date.now() - begun > LIMIT_MS, "it lasted longer than a silence may");
    assert.equal((await booked(answer)).status, "ok");
  });

  it("is told in words where no answer comes, and ends a stream that has begun, both booked", async () => {
    upstream.script.next({ hang: true }, { text: "word ".repeat(50), hangAfter: 10 });
    const silent = await ask();
    assert.equal(silent.status, 504);
    assert.match(await silent.text(), /127\.0\.0\.1:\d+ sent nothing for/);
    assert.equal((await booked(silent)).errorType, "upstream_silent");
    const broken = await ask();
    await assert.rejects(broken.text());
    const call = await booked(broken);
    assert.deepEqual([call.status, call.errorType, call.usageBasis], ["error", "upstream_closed", "estimated"]);
    assert.ok(call.costNanoUsd > 0);
  });
});
