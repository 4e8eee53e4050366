import assert from "node:assert/strict";
import { once } from "node:events";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { RunningSidecar } from "./runSidecar.ts";

/** Raw headers: names and values in turn. */
type Raw = string[];

interface Body {
  /** Sent one by one. */
  readonly pieces: readonly Buffer[];
  readonly isChunked: boolean;
  /** Behind the body, where it is chunked. */
  readonly trailers: ReadonlyArray<readonly [string, string]>;
}

interface Asked {
  readonly method: string;
  /** Below the provider's base, with the query. */
  readonly path: string;
  readonly headers: Raw;
  readonly body: Body | null;
}

interface Answered {
  readonly status: number;
  readonly statusMessage: string;
  readonly headers: Raw;
  readonly body: Body;
  /** Milliseconds between its pieces; 0 sends them in turns of the event loop. */
  readonly gapMs: number;
  /** The connection is broken off after so many pieces; null sends all. */
  readonly cutAfter: number | null;
}

/** One message as it arrived. */
interface Arrived {
  readonly start: string;
  readonly headers: Raw;
  readonly body: string;
  readonly trailers: Raw;
  readonly isWhole: boolean;
}

/** What belongs to one connection, how a body is delimited, and what the gateway adds to an answer. */
const OF_A_HOP = /^(connection|keep-alive|transfer-encoding|te|trailer|x-hop|x-tollgate-.*)$/i;

function withoutHop(raw: Raw): Raw {
  return raw.filter((_, index) => !OF_A_HOP.test(raw[index - (index % 2)] as string));
}

async function arrived(message: IncomingMessage, start: string): Promise<Arrived> {
  const pieces: Buffer[] = [];
  message.on("data", (piece: Buffer) => pieces.push(piece));
  message.on("error", () => {});
  await new Promise((resolve) => message.once("close", resolve));
  return {
    start,
    headers: withoutHop(message.rawHeaders),
    body: Buffer.concat(pieces).toString("latin1"),
    trailers: message.rawTrailers,
    isWhole: message.complete,
  };
}

const trailerNames = ({ trailers, isChunked }: Body): Raw =>
  isChunked && trailers.length > 0 ? ["Trailer", trailers.map(([name]) => name).join(", ")] : [];

const framing = (body: Body): Raw =>
  body.isChunked
    ? ["Transfer-Encoding", "chunked"]
    : ["Content-Length", String(body.pieces.reduce((size, piece) => size + piece.length, 0))];

/** A provider that notes what it is asked, and answers as it is told. */
class Provider {
  answer: Answered | null = null;
  heard: Promise<Arrived> | null = null;
  readonly #server: Server = createServer((request, response) => {
    this.heard = arrived(request, `${request.method} ${request.url}`);
    request.once("end", () => void this.#answer(response));
  });

  async start(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(response: ServerResponse): Promise<void> {
    const { status, statusMessage, headers, body, gapMs, cutAfter } = this.answer as Answered;
    const hasBody = response.req.method !== "HEAD" && status !== 204 && status !== 304;
    response.sendDate = false;
    response.writeHead(status, statusMessage, [
      ...headers,
      ...(hasBody ? [...trailerNames(body), ...framing(body)] : []),
    ]);
    for (const [index, piece] of (hasBody ? body.pieces : []).entries()) {
      if (index === cutAfter) {
        break;
      }
      await new Promise((written) => response.write(piece, written));
      await (gapMs === 0 ? turn() : pause(gapMs));
    }
    if (hasBody && cutAfter !== null && cutAfter < body.pieces.length) {
      response.write(Buffer.alloc(0));
      response.socket?.destroySoon();
      return;
    }
    if (hasBody && body.isChunked) {
      response.addTrailers(body.trailers.map(([name, value]): [string, string] => [name, value]));
    }
    response.end();
  }
}

/** Sends a request and gives the answer as it arrived. */
async function exchange(base: string, { method, path, headers, body }: Asked): Promise<Arrived> {
  const url = new URL(`${base}${path}`);
  const own = body === null ? [] : [...trailerNames(body), ...framing(body)];
  const sending = httpRequest({
    host: url.hostname,
    port: url.port,
    path: url.pathname + url.search,
    method,
    headers: ["Host", url.host, ...headers, ...own],
    setDefaultHeaders: false,
    agent: false,
  });
  for (const piece of body?.pieces ?? []) {
    sending.write(piece);
    await turn();
  }
  if (body?.isChunked === true) {
    sending.addTrailers(body.trailers.map(([name, value]): [string, string] => [name, value]));
  }
  sending.end();
  const [answer] = (await once(sending, "response")) as [IncomingMessage];
  return arrived(answer, `${answer.statusCode} ${answer.statusMessage}`);
}

/** What a header may hold: anything that can be seen, Latin letters beyond ASCII, and spaces within. */
const headerValue = fc
  .string({
    unit: fc
      .integer({ min: 0x21, max: 0xff })
      .filter((code) => code !== 0x7f && (code < 0x80 || code > 0x9f))
      .map((code) => String.fromCharCode(code)),
    maxLength: 12,
  })
  .chain((word) => fc.constantFrom(word, `${word} ${word}`, "").map((value) => value.trim()));
const names = (...more: string[]) =>
  fc.oneof(
    fc.constantFrom("X-One", "x-one", "X-TWO", "x_three", "Cache-Control", "Link", ...more),
    fc.stringMatching(/^X-[A-Za-z0-9!#$%&'*+.^_`|~-]{1,10}$/),
  );
const headersOf = (name: fc.Arbitrary<string>) =>
  fc
    .array(
      fc.tuple(
        name.filter((one) => !OF_A_HOP.test(one) && !/^x-tollgate/i.test(one)),
        headerValue,
      ),
      { maxLength: 8 },
    )
    .map((pairs) => pairs.flat());
const hop = fc.constantFrom<Raw[]>([], ["Connection", "X-Hop", "X-Hop", "here only"], ["Keep-Alive", "timeout=9"]);
const requestHeaders = fc
  .tuple(headersOf(names("Authorization", "Cookie", "Accept", "User-Agent", "Accept-Language")), hop)
  .map(([all, more]) => [...all, ...more]);
const answerHeaders = fc
  .tuple(headersOf(names("Set-Cookie", "set-cookie", "Date", "Server", "ETag")), hop)
  .map(([all, more]) => [...all, ...more]);

const pieces = fc.array(
  fc.uint8Array({ minLength: 1, maxLength: 3_000 }).map((bytes) => Buffer.from(bytes)),
  { maxLength: 5 },
);
const bodyOf = (content: fc.Arbitrary<readonly Buffer[]>): fc.Arbitrary<Body> =>
  fc.record({
    pieces: content,
    isChunked: fc.boolean(),
    trailers: fc.array(fc.tuple(fc.constantFrom("X-Sum", "x-sum", "X-Last"), fc.stringMatching(/^[a-z0-9]{1,8}$/)), {
      maxLength: 3,
    }),
  });
const answerOf = (
  body: fc.Arbitrary<Body>,
  headers: fc.Arbitrary<Raw>,
  statuses: readonly number[],
): fc.Arbitrary<Answered> =>
  fc.record({
    status: fc.constantFrom(...statuses),
    statusMessage: fc.constantFrom("OK", "Fine By Me", "", "Zu früh"),
    headers,
    body,
    gapMs: fc.constantFrom(0, 0, 0, 3),
    cutAfter: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(4) }),
  });

/** Cuts bytes at any borders. */
const cutAnywhere = (text: string): fc.Arbitrary<Buffer[]> => {
  const bytes = Buffer.from(text);
  return fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 6 }).map((borders) => {
    const all = [0, ...borders.sort((one, other) => one - other), bytes.length];
    return all.slice(1).map((end, index) => bytes.subarray(all[index], end));
  });
};

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

  it("metered calls, whole and streamed, whatever is answered, to the byte", async () => {
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
      { seed: 18, numRuns: 250 },
    );
  });

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
