import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import fc from "fast-check";
import { answerHeaders, answerOf, bodyOf, cutAnywhere, pieces, requestHeaders } from "./anyExchange.ts";
import { type Answered, type Arrived, type Asked, type Body, exchange, Provider, type Raw } from "./exchange.ts";
import { RunningSidecar } from "./runSidecar.ts";

describe("transparency: through the gateway as without it", function () {
  this.timeout(300_000);
  const provider = new Provider();
  let direct: string;
  let sidecar: RunningSidecar;
  let through: string;

  before(async () => {
    direct = await provider.start();
    sidecar = await RunningSidecar.start({ providers: { openai: { protocol: "openai", baseUrl: direct } } });
    through = (await sidecar.urls()).openai ?? "";
  });
  after(async () => {
    await sidecar.remove();
    provider.stop();
  });

  async function bothWays(asked: Asked, answered: Answered) {
    provider.answer = answered;
    const came = await exchange(direct, asked);
    const heard = await provider.heard;
    provider.heard = null;
    const cameThrough = await exchange(through, asked);
    return { came, heard, cameThrough, heardThrough: await provider.heard };
  }

  it("free and unknown routes, whatever is asked and answered, to the byte", async () => {
    const asked: fc.Arbitrary<Asked> = fc
      .record({
        method: fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"),
        path: fc.constantFrom(
          "/models",
          "/files",
          "/files/f-1?a=%20b&a=c",
          "/something/new?x=%E2%82%AC",
          "/models/a%2Fb",
        ),
        headers: fc
          .tuple(requestHeaders, fc.constantFrom<Raw[]>([], ["Accept-Encoding", "gzip, br"]))
          .map((all) => all.flat()),
        body: fc.option(bodyOf(pieces)),
      })
      .map((one) => (/GET|HEAD|OPTIONS/.test(one.method) ? { ...one, body: null } : one));
    const packed = fc
      .tuple(answerHeaders, fc.constantFrom<Raw[]>([], ["Content-Encoding", "gzip"]))
      .map((all) => all.flat());
    const answered = answerOf(bodyOf(pieces), packed, [200, 201, 204, 206, 304, 400, 404, 418, 429, 500, 503]);
    await fc.assert(
      fc.asyncProperty(asked, answered, async (request, answer) => {
        const { came, heard, cameThrough, heardThrough } = await bothWays(request, answer);
        assert.deepEqual(heardThrough, heard, "what the provider hears");
        assert.deepEqual(cameThrough, came, "what the client gets");
      }),
      { seed: 17, numRuns: 250 },
    );
  });

  it("metered calls, whole and streamed, whatever is answered, to the byte", () => meteredAsWithout(18));

  it("the same while another call is under way, when answers leave together", async () => {
    const other = httpRequest(`${through}/chat/completions`, { method: "POST", headers: { "content-length": "9" } });
    other.on("error", () => {});
    other.flushHeaders();
    await once(other, "socket");
    try {
      await meteredAsWithout(19);
    } finally {
      other.destroy();
    }
  });

  async function meteredAsWithout(seed: number): Promise<void> {
    const usage = { prompt_tokens: 5, completion_tokens: 7 };
    const whole = JSON.stringify({ model: "gpt-4o-mini", choices: [{ message: { content: "Grüße" } }], usage });
    const event = (value: object) => `data: ${JSON.stringify(value)}\n\n`;
    const stream = `${event({ choices: [{ index: 0, delta: { content: "Grü" } }] })}: note\r\n\r\n${event({ choices: [], usage })}data: [DONE]\n\n`;
    const prompt = { model: "gpt-4o-mini", messages: [{ role: "user", content: "Gehört?" }] };
    const kinds = fc.constantFrom(
      { sent: { ...prompt, max_tokens: 9 }, answer: whole, type: "application/json" },
      {
        sent: { ...prompt, stream: true, stream_options: { include_usage: true } },
        answer: stream,
        type: "text/event-stream",
      },
      { sent: prompt, answer: "<html>not what was asked for</html>", type: "text/html" },
    );
    const both = kinds.chain(({ sent, answer, type }) =>
      fc.record({
        asked: fc.record({
          method: fc.constant("POST"),
          path: fc.constant("/chat/completions"),
          headers: requestHeaders.map((all) => [
            ...all,
            "Content-Type",
            "application/json",
            "accept-encoding",
            "identity",
          ]),
          body: bodyOf(cutAnywhere(JSON.stringify(sent))).map((body) => ({ ...body, trailers: [] })),
        }),
        answered: answerOf(
          bodyOf(cutAnywhere(answer)),
          answerHeaders.map((all) => [...all, "Content-Type", type]),
          [200, 200, 200, 400, 500],
        ),
      }),
    );
    await fc.assert(
      fc.asyncProperty(both, async ({ asked, answered }) => {
        const { came, heard, cameThrough, heardThrough } = await bothWays(asked, answered);
        // The body was read whole, so that its length is known: it goes on with one.
        const withoutLength = (one: Arrived | null) =>
          one && {
            ...one,
            headers: one.headers.filter(
              (_, index, all) => !/^content-length$/i.test(all[index - (index % 2)] as string),
            ),
          };
        assert.deepEqual(withoutLength(heardThrough), withoutLength(heard), "what the provider hears");
        // A stream's length may change where something is kept from a client: it is never announced.
        const isStream = answered.headers.includes("text/event-stream");
        assert.deepEqual(
          isStream ? withoutLength(cameThrough) : cameThrough,
          isStream ? withoutLength(came) : came,
          "what the client gets",
        );
      }),
      { seed, numRuns: 250 },
    );
  }

  it("a client that waits to be told to go on is told so, and its body arrives", async () => {
    const body: Body = { pieces: [], isChunked: false, trailers: [] };
    provider.answer = { status: 200, statusMessage: "OK", headers: [], body, gapMs: 0, cutAfter: null };
    const headers = { expect: "100-continue", "content-length": "9" };
    const sending = httpRequest(`${through}/files`, { method: "POST", headers, agent: false });
    sending.flushHeaders();
    await once(sending, "continue");
    sending.end("the files");
    const [answer] = (await once(sending, "response")) as [IncomingMessage];
    answer.resume();
    const heard = await provider.heard;
    assert.deepEqual([answer.statusCode, heard?.body, heard?.isWhole], [200, "the files", true]);
  });
});
