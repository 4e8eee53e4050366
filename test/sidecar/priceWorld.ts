import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Call } from "../../src/domain/call.ts";
import { builtInCatalog } from "../../src/domain/prices/builtInCatalog.ts";
import { parseCatalog } from "../../src/domain/prices/catalogData.ts";
import { RunningSidecar } from "./runSidecar.ts";

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => unknown;

/** A server of one test, with what it was asked. */
export class OneServer {
  readonly requests: IncomingMessage[] = [];
  answer: Answer;
  readonly #server: Server;

  private constructor(server: Server, answer: Answer) {
    this.#server = server;
    this.answer = answer;
    server.on("request", async (request: IncomingMessage, response: ServerResponse) => {
      this.requests.push(request);
      await this.answer(request, response, await text(request));
    });
  }

  static async start(answer: Answer): Promise<OneServer> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new OneServer(server, answer);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** The built-in catalogue with some input prices of OpenAI's models changed. */
export function copyWith(changes: Readonly<Record<string, number>>): string {
  const providers = parseCatalog(JSON.parse(JSON.stringify(builtInCatalog().providers)));
  for (const model of providers.find(({ id }) => id === "openai")?.models ?? []) {
    const change = changes[model.id];
    if (change !== undefined && !Array.isArray(model.prices)) {
      model.prices = { ...model.prices, input_mtok: change };
    }
  }
  return JSON.stringify(providers);
}

export function etagOf(copy: string): string {
  return `"${createHash("sha256").update(copy).digest("hex")}"`;
}

/** A chat completion of so many tokens, as OpenAI words it; `more` members stand beside the usage. */
export function sendChat(response: ServerResponse, model: string, more: object = {}): void {
  const body = {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model,
    choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "ok" } }],
    usage: { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 },
    ...more,
  };
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** A source of published prices, a provider, and a sidecar process between them, anew for each test of a `describe`. */
export class PriceWorld {
  /** What the source sends. */
  copy = "";
  /** How the provider answers: by default with 1,000 tokens of input and 100 of output. */
  chat: (response: ServerResponse, model: string) => unknown = sendChat;
  dataDir = "";
  #source: OneServer | undefined;
  #upstream: OneServer | undefined;
  #sidecar: RunningSidecar | undefined;

  constructor() {
    beforeEach(async () => {
      this.copy = copyWith({});
      this.chat = sendChat;
      this.#source = await OneServer.start((request, response) => {
        const etag = etagOf(this.copy);
        if (request.headers["if-none-match"] === etag) {
          response.writeHead(304).end();
        } else {
          response.writeHead(200, { etag }).end(this.copy);
        }
      });
      this.#upstream = await OneServer.start((request, response, body) =>
        request.method === "POST" ? this.chat(response, JSON.parse(body).model) : response.writeHead(404).end(),
      );
      this.dataDir = mkdtempSync(join(tmpdir(), "tollgate-prices-"));
    });
    afterEach(async () => {
      await this.stop();
      await Promise.all([this.#source?.stop(), this.#upstream?.stop()]);
      rmSync(this.dataDir, { recursive: true, force: true });
    });
  }

  get source(): OneServer {
    assert.ok(this.#source);
    return this.#source;
  }

  get sidecar(): RunningSidecar {
    assert.ok(this.#sidecar);
    return this.#sidecar;
  }

  /** Starts the sidecar, again on the same data folder where it ran before. */
  async start(config: object = {}): Promise<RunningSidecar> {
    const baseUrl = `${this.#upstream?.url}/v1`;
    const provider = (pricing: object) => ({ protocol: "openai", baseUrl, pricing });
    const providers = {
      openai: provider({ kind: "catalog" }),
      free: provider({ kind: "free" }),
      hourly: provider({ kind: "compute-hour", hourlyRateUsd: 0 }),
      flat: provider({ kind: "fixed", inputUsdPerMTok: 1, outputUsdPerMTok: 2 }),
      openrouter: provider({ kind: "reported" }),
    };
    const whole = { providers, pricesSource: `${this.source.url}/v2.json`, ...config };
    this.#sidecar = await RunningSidecar.start(whole, { dataDir: this.dataDir });
    return this.#sidecar;
  }

  async stop(): Promise<void> {
    await this.#sidecar?.stop();
    this.#sidecar = undefined;
  }

  /** One call through the gateway, as it was booked. */
  async send(provider: string, model: string, more: object = {}): Promise<Call> {
    const url = (await this.sidecar.urls())[provider];
    const response = await fetch(`${url}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model, messages: [{ role: "user", content: "hi" }], ...more }),
    });
    const answer = await response.text();
    assert.equal(response.status, 200, answer);
    return this.sidecar.api.call(response.headers.get("x-tollgate-call-id") ?? "", 10_000);
  }
}
