import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { allRecorded, RECORDINGS_MISSING, type Recorded } from "../domain/protocols/recorded.ts";
import { RunningSidecar } from "./runSidecar.ts";
import { type Tokens, tokensByHand } from "./tokensByHand.ts";

/** Which family a host's own API belongs to; every other one speaks OpenAI's. */
const FAMILIES: ReadonlyArray<readonly [RegExp, string]> = [
  [/anthropic/, "anthropic"],
  [/googleapis/, "google"],
  [/cohere/, "cohere"],
  [/^bedrock/, "bedrock"],
  [/ollama|11434/, "ollama"],
];

/** Some hosts put a chunk of nothing but usage into every stream. Who did not ask for it does not get it, as OpenAI has it. */
function asAsked({ path, request, response, contentType }: Recorded): string {
  const isChatStream = path.endsWith("/chat/completions") && contentType.startsWith("text/event-stream");
  return !isChatStream || /"include_usage": *true/.test(request)
    ? response
    : response.replace(/data: \{[^\n]*"choices": *\[\],[^\n]*"usage": *\{[^\n]*\n\n/, "");
}

/** Answers each request with the recording that it names. */
async function startReplay(recorded: ReadonlyMap<string, Recorded>): Promise<Server> {
  const server = createServer((request, response) => {
    const exchange = recorded.get(String(request.headers["x-replay"]));
    request.resume().on("end", () => {
      response.writeHead(exchange?.status ?? 500, { "content-type": exchange?.contentType ?? "text/plain" });
      response.end(exchange?.response);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return server;
}

describe(`recorded exchanges through the real gateway${RECORDINGS_MISSING === null ? "" : ` (skipped: ${RECORDINGS_MISSING})`}`, () => {
  const recorded = new Map(allRecorded().map((exchange) => [exchange.id, exchange]));
  let server: Server;
  let sidecar: RunningSidecar;
  let urls: Record<string, string>;
  const nameOf = (host: string) => host.replace(/[^a-z0-9]+/gi, "-");

  before(async function () {
    if (RECORDINGS_MISSING !== null) {
      this.skip();
    }
    server = await startReplay(recorded);
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const hosts = [...new Set([...recorded.values()].map(({ host }) => host))];
    const protocolOf = (host: string) => FAMILIES.find(([pattern]) => pattern.test(host))?.[1] ?? "openai";
    const providers = Object.fromEntries(hosts.map((host) => [nameOf(host), { protocol: protocolOf(host), baseUrl }]));
    sidecar = await RunningSidecar.start({ providers });
    const { pass } = await sidecar.api.pass({});
    urls = Object.fromEntries(hosts.map((host) => [host, `${sidecar.url}/p/${pass}/${nameOf(host)}`]));
  });

  after(async () => {
    await sidecar?.remove();
    server?.close();
  });

  it("reach the client byte for byte, and are booked with the tokens that the provider reported", async () => {
    let counted = 0;
    const wrong: unknown[] = [];
    for (const exchange of recorded.values()) {
      const { id, host, path, query, method, request, status } = exchange;
      const about = `${host} ${path} ${id}`;
      const search = query ? `?${query}` : "";
      const answer = await fetch(`${urls[host]}${path}${search}`, {
        method,
        body: request,
        headers: { "content-type": "application/json", "x-replay": id },
      });
      assert.equal(answer.status, status, about);
      assert.equal(await answer.text(), asAsked(exchange), about);
      const booked = await bookedTokens(answer.headers.get("x-tollgate-call-id"));
      const byHand = tokensByHand(exchange);
      if (byHand !== null) {
        counted += 1;
        if (!isDeepStrictEqual(booked, byHand)) {
          wrong.push({ about, booked, byHand });
        }
      } else if (booked?.basis === "reported") {
        wrong.push({ about, booked, byHand: "nothing is reported" });
      }
    }
    assert.deepEqual(wrong, []);
    assert.ok(counted > 90, `${counted} recordings report usage`);
  });

  async function bookedTokens(id: string | null): Promise<Tokens | null> {
    if (id === null) {
      return null;
    }
    const { usage, usageBasis } = await sidecar.api.call(id, 5_000);
    return {
      basis: usageBasis,
      input: usage.inputTokens,
      cached: usage.cachedInputTokens,
      written5m: usage.cacheWrite5mTokens,
      written1h: usage.cacheWrite1hTokens,
      output: usage.outputTokens,
      reasoning: usage.reasoningTokens,
      audioInput: usage.audioInputTokens,
    };
  }
});
