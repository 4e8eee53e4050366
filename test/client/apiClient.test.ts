import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ApiClient } from "../../src/client/apiClient.ts";
import { ApiError } from "../../src/client/apiError.ts";
import { SidecarUnavailableError } from "../../src/client/sidecarUnavailableError.ts";
import type { Status } from "../../src/domain/api.ts";
import type { TollgateEvent } from "../../src/domain/events.ts";
import { type FakeOptions, type FakeSidecar, startFakeSidecar, statusOf } from "./fakeSidecar.ts";
import { makeTempFolder, removeFolder } from "./tempFolder.ts";

describe("the API's client", () => {
  let dataDir: string;
  let fake: FakeSidecar;
  let client: ApiClient;
  let answer: FakeOptions["answer"];

  beforeEach(async () => {
    dataDir = makeTempFolder();
    answer = undefined;
    fake = await startFakeSidecar({ dataDir, answer: (route, body) => answer?.(route, body) });
    client = new ApiClient(fake);
  });
  afterEach(async () => {
    client.close();
    await fake.stop();
    removeFolder(dataDir);
  });

  it("gives an answer that has been checked", async () => {
    assert.deepEqual(await client.status(), statusOf(dataDir, fake.url));
  });

  it("says which field of an answer makes no sense", async () => {
    answer = () => ({ body: { ...statusOf(dataDir, fake.url), today: { costNanoUsd: "much", calls: 1 } } });
    await assert.rejects(client.status(), (error: Error) => {
      assert.ok(error instanceof ApiError);
      assert.match(error.message, /today\.costNanoUsd/);
      return true;
    });
  });

  it("throws what the sidecar says, with code and status", async () => {
    answer = () => ({ status: 404, body: { error: { code: "not_found", message: "No budget is named day" } } });
    await assert.rejects(client.removeBudget("day"), {
      name: "ApiError",
      status: 404,
      code: "not_found",
      message: "No budget is named day",
    });
  });

  it("escapes names in addresses and sends bodies", async () => {
    const bodies: unknown[] = [];
    answer = (_, body) => {
      bodies.push(body);
      return { body: {} };
    };
    const budget = { name: "web: a b", limitUsd: 5, window: "day" as const };
    await client.setBudget(budget);
    assert.deepEqual(fake.requests, ["PUT /api/v1/budgets/web%3A%20a%20b"]);
    assert.deepEqual(bodies, [budget]);
  });

  it("walks through all pages of calls", async () => {
    answer = (route) => ({
      body: { calls: [], nextCursor: route.includes("cursor=") ? null : "page two" },
    });
    for await (const call of client.allCalls({ provider: "openai", limit: 2 })) {
      assert.fail(`there is no call ${call.id}`);
    }
    assert.deepEqual(fake.requests, [
      "GET /api/v1/calls?provider=openai&limit=2",
      "GET /api/v1/calls?provider=openai&limit=2&cursor=page+two",
    ]);
  });

  it("says that nobody is there", async () => {
    await fake.stop();
    await assert.rejects(client.status(), SidecarUnavailableError);
    fake = await startFakeSidecar({ dataDir });
  });

  it("repeats a question whose kept connection was just closed", async () => {
    let served = 0;
    const server = createServer((request, response) => {
      served += 1;
      if (served === 2) {
        request.socket.resetAndDestroy();
        return;
      }
      response.end(JSON.stringify({ budgets: [] }));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const other = new ApiClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: "" });
    try {
      await other.budgets();
      assert.deepEqual(await other.budgets(), []);
      assert.equal(served, 3);
    } finally {
      other.close();
      server.close();
      server.closeAllConnections();
    }
  });

  it("tells the event stream's figures and events, and passes over kinds it does not know", async () => {
    const heard: string[] = [];
    const stop = new AbortController();
    await new Promise<void>((resolve) => {
      client.subscribe(
        {
          onStatus: (status: Status) => {
            heard.push(`status ${status.today.calls}`);
            if (heard.length === 1) {
              const changed = { ...statusOf(dataDir, fake.url), today: { costNanoUsd: 13, calls: 4 } };
              fake.send('event: moon.landed\nid: 8\ndata: {"type":"moon.landed","seq":8,"at":1}\n\n: still here\n\n');
              fake.send('event: price.changed\nid: 9\ndata: {"type":"price.changed","seq":9,"at":1,"by":"api"}\n\n');
              fake.send(`event: status\ndata: ${JSON.stringify(changed)}\n\n`);
            } else {
              resolve();
            }
          },
          onEvent: (event: TollgateEvent) => heard.push(`${event.type} ${event.seq}`),
          onClose: (reason) => heard.push(`closed: ${reason}`),
        },
        stop.signal,
      );
    });
    stop.abort();
    assert.deepEqual(heard, ["status 3", "price.changed 9", "status 4"]);
  });

  it("tells once that the stream has ended", async () => {
    const reason = await new Promise<string>((resolve) => {
      const handlers = { onStatus: () => fake.cutStreams(), onEvent: () => {}, onClose: resolve };
      client.subscribe(handlers, new AbortController().signal);
    });
    assert.notEqual(reason, "");
  });
});
