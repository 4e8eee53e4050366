import assert from "node:assert/strict";
import { CLIENTS } from "./allClients.ts";
import type { Client } from "./client.ts";
import { ensureClients } from "./clientInstall.ts";
import { ANSWER, type Journey, PROJECT, travel } from "./journey.ts";
import { matrixOf, readMatrix, writeMatrix } from "./matrix.ts";
import { billOf } from "./sentUsage.ts";

/** How long a client may go on making calls after its first was refused, in ms. */
const GIVES_UP_WITHIN_MS = 10_000;
/** Clients take seconds of a processor to start. */
const AT_ONCE = 2;

describe("real clients through the real sidecar", function () {
  this.timeout(600_000);
  const journeys = new Map<Client, Promise<Journey>>();
  const seen: Client[] = [];

  before(async function () {
    const installed = await ensureClients((line) => console.log(line)).catch((error: Error) => {
      if (process.env.TOLLGATE_CLIENTS === "required") {
        throw error;
      }
      const why =
        /^npm error (?!A complete log|code|errno|syscall).+/m.exec(error.message)?.[0] ?? error.message.split("\n")[0];
      console.log(`    The clients cannot be installed here, so none was run: ${why}`);
      return null;
    });
    if (installed === null) {
      return this.skip();
    }
    const waiting = [...CLIENTS];
    const started: Promise<unknown>[] = [];
    const next = (): Promise<unknown> => {
      const client = waiting.shift();
      if (client === undefined) {
        return Promise.resolve();
      }
      const journey = travel(client, installed);
      journeys.set(client, journey);
      return journey.catch(() => {}).then(next);
    };
    for (let lane = 0; lane < AT_ONCE; lane += 1) {
      started.push(next());
    }
    await Promise.all(started);
  });

  const journeyOf = (client: Client) => journeys.get(client) as Promise<Journey>;

  for (const client of CLIENTS) {
    describe(`${client.name} ${client.version}`, () => {
      it("has its prompt answered, and is booked to the token, tool, project and session", async () => {
        const { answered } = await journeyOf(client);
        const { calls, answers, code, screen } = answered;
        assert.equal(code, 0, screen);
        assert.ok(screen.includes(ANSWER), screen);
        assert.ok(calls.length > 0, "a call came through the gate");
        const booked = calls.map(({ usage, costNanoUsd }) => ({
          input: usage.inputTokens,
          output: usage.outputTokens,
          costNanoUsd,
        }));
        const byCost = (one: { costNanoUsd: number }, other: { costNanoUsd: number }) =>
          one.costNanoUsd - other.costNanoUsd;
        assert.deepEqual(booked.sort(byCost), answers.map((answer) => billOf(answer, client.prices)).sort(byCost));
        for (const call of calls) {
          assert.deepEqual([call.status, call.usageBasis, call.costBasis], ["ok", "reported", "catalog"]);
          assert.deepEqual([call.tool, call.project], [client.tool, PROJECT]);
          assert.equal(call.sessionId !== null, client.hasSessions, `session ${call.sessionId}`);
        }
      });

      it("stops when its budget is spent, and shows why", async () => {
        const { refused } = await journeyOf(client);
        const { calls, answers, screen, code } = refused;
        assert.match(screen, /The budget \\?"day\\?" is spent/);
        assert.notEqual(code, null, "it ends by itself");
        assert.ok(calls.length > 0 && calls.length <= client.callsWhenSpent, `${calls.length} calls were made`);
        assert.deepEqual([...new Set(calls.map(({ status }) => status))], ["refused"]);
        assert.deepEqual(answers, [], "the provider was asked nothing");
        const moments = calls.map(({ startedAt }) => Date.parse(startedAt));
        const wentOn = Math.max(...moments) - Math.min(...moments);
        assert.ok(wentOn <= GIVES_UP_WITHIN_MS, `it went on for ${wentOn} ms`);
        seen.push(client);
      });
    });
  }

  // In a describe of its own, for a describe's own tests run first.
  describe("the document", () => {
    it("tells of them as they were seen", async function () {
      if (seen.length < CLIENTS.length) {
        return this.skip();
      }
      const matrix = matrixOf(seen);
      if (process.env.TOLLGATE_WRITE_MATRIX === "1") {
        await writeMatrix(matrix);
      }
      assert.equal(await readMatrix(), matrix, "write it anew with: npm run test:clients -- --matrix");
    });
  });
});
