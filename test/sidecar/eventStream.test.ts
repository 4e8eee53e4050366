import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import type { BudgetStatus, Status } from "../../src/domain/api.ts";
import { EventStream } from "../../src/sidecar/eventStream.ts";
import { statusOf } from "../client/fakeSidecar.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");

function statusWith(parts: Partial<BudgetStatus>, now: number): Status {
  const budget: BudgetStatus = {
    name: "total",
    window: "total",
    hard: true,
    scope: {},
    warnAt: [],
    spentNanoUsd: 0,
    heldNanoUsd: 0,
    limitNanoUsd: 1,
    configuredLimitNanoUsd: 1,
    leftNanoUsd: 1,
    state: "ok",
    windowStart: new Date(0).toISOString(),
    resetsAt: null,
    raised: false,
    raisedUntil: null,
    allowances: 0,
    paused: false,
    pausedUntil: null,
    computeForecast: null,
    ...parts,
  };
  return { ...statusOf("/data", "http://127.0.0.1:1"), now: new Date(now).toISOString(), budgets: [budget] };
}

describe("the event stream", () => {
  for (const [what, parts] of [
    ["pause", { paused: true, pausedUntil: new Date(NOW + 20).toISOString() }],
    ["raise", { raised: true, raisedUntil: new Date(NOW + 20).toISOString() }],
    ["window", { resetsAt: new Date(NOW + 20).toISOString() }],
  ] as const) {
    it(`sends figures when a ${what} has ended, although nothing has happened`, async () => {
      let asked = 0;
      const stream = new EventStream(
        () => {
          asked += 1;
          return asked === 1 ? statusWith(parts, NOW) : statusWith({}, NOW + 20);
        },
        () => {},
      );
      const server = createServer((_, response) => stream.add(response)).listen(0, "127.0.0.1");
      await once(server, "listening");
      try {
        const request = get(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
        const [response] = (await once(request, "response")) as [IncomingMessage];
        const kinds: string[] = [];
        for await (const line of createInterface({ input: response })) {
          if (line.startsWith("event: ")) {
            kinds.push(line.slice(7));
          }
          if (kinds.length === 2) {
            break;
          }
        }
        assert.deepEqual(kinds, ["snapshot", "status"]);
      } finally {
        stream.close();
        server.closeAllConnections();
        server.close();
      }
    });
  }
});
