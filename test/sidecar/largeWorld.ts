import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Call } from "../../src/domain/call.ts";
import { CHAT, LARGE, MB, MESSAGES, type Parts, read, type Seen, write } from "./largeBodies.ts";
import { later } from "./later.ts";
import { RunningSidecar } from "./runSidecar.ts";

/** What a process may need for one large exchange more than it had before. */
const MOST_GROWTH = 64 * MB;
/** The same where next to nothing is looked at: V8 frees buffers at the latest when it holds 64 MB that nobody uses. */
export const MOST_UNLOOKED = 96 * MB;

interface Asked {
  readonly call: () => Promise<Call>;
  /** What the provider wrote before it had to wait for half a second, or all. */
  readonly stuckAt: Promise<number>;
  readonly sent: Promise<Seen>;
  readonly came: Promise<Seen>;
}

interface Asking {
  readonly size?: number;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  /** The answer is read when this has resolved; else at once. */
  readonly readFrom?: Promise<void>;
}

/** A provider that sends or takes large bodies, and a sidecar process before it whose memory is watched. */
export class LargeWorld {
  #sidecar: RunningSidecar | undefined;
  #urls: Record<string, string> = {};
  /** What the provider does with the next request. */
  answer: (request: IncomingMessage, response: ServerResponse) => void = () => assert.fail("Nothing is asked for yet");

  /** Starts before the first test of the surrounding `describe` and ends after its last. */
  constructor() {
    const provider = createServer((request, response) => this.answer(request, response));
    before(async () => {
      await new Promise<void>((listening) => provider.listen(0, "127.0.0.1", listening));
      const baseUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/v1`;
      const pricing = { kind: "free" };
      this.#sidecar = await RunningSidecar.start({
        providers: {
          openai: { protocol: "openai", baseUrl, pricing },
          anthropic: { protocol: "anthropic", baseUrl, pricing },
        },
      });
      this.#urls = await this.sidecar.urls();
      // What a process needs for good it takes with its first exchanges.
      await (await this.ask("openai/chat/completions", CHAT, { size: 4 * MB })).came;
      await (await this.ask("anthropic/messages", MESSAGES, { size: 4 * MB })).came;
    });
    after(async () => {
      provider.closeAllConnections();
      provider.close();
      await this.#sidecar?.remove();
    });
  }

  get sidecar(): RunningSidecar {
    assert.ok(this.#sidecar);
    return this.#sidecar;
  }

  get urls(): Record<string, string> {
    return this.#urls;
  }

  /** Does work during which the sidecar's memory may not rise far above its level before. Elsewhere than on Linux it is not known. */
  async inLittleMemory<T>(work: () => Promise<T>, most = MOST_GROWTH): Promise<T> {
    const peak = `/proc/${this.sidecar.pid}/clear_refs`;
    if (!existsSync(peak)) {
      return work();
    }
    writeFileSync(peak, "5");
    const before = this.#resident("VmRSS");
    const done = await work();
    const grown = this.#resident("VmHWM") - before;
    assert.ok(grown < most, `The sidecar grew by ${Math.round(grown / MB)} MB`);
    return done;
  }

  /** Asks for something of which the provider sends so many bytes. */
  async ask(path: string, parts: Parts, asking: Asking = {}): Promise<Asked> {
    const { size = LARGE, method = "POST", headers = { "content-type": "text/event-stream" }, readFrom } = asking;
    const stuck = later<number>();
    const sent = later<Seen>();
    this.answer = (request, response) => {
      request.resume().on("end", async () => {
        response.writeHead(200, headers);
        const seen = await write(response, parts, size, stuck.resolve);
        stuck.resolve(seen.bytes);
        sent.resolve(seen);
      });
    };
    const [name = "", ...rest] = path.split("/");
    const sending = httpRequest(`${this.urls[name]}/${rest.join("/")}`, { method, agent: false });
    const usage = { stream: true, stream_options: { include_usage: true } };
    sending.end(method === "GET" ? undefined : JSON.stringify({ model: "m", max_tokens: 9, messages: [], ...usage }));
    const [message] = (await once(sending, "response")) as [IncomingMessage];
    const id = String(message.headers["x-tollgate-call-id"]);
    const came = (async () => {
      await readFrom;
      return read(message);
    })();
    return { call: () => this.sidecar.api.call(id, 10_000), stuckAt: stuck.promise, sent: sent.promise, came };
  }

  /** Resident bytes of the sidecar, now or at most since the peak was forgotten. */
  #resident(name: "VmRSS" | "VmHWM"): number {
    const status = readFileSync(`/proc/${this.sidecar.pid}/status`, "utf8");
    return Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
  }
}
