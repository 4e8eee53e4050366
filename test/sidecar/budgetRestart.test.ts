import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TollgateEvent } from "../../src/domain/events.ts";
import { CommandLine } from "../cli/command.ts";
import { ask, BudgetWorld, OUTPUT_NANO } from "./budgetWorld.ts";
import { clientOf } from "./openaiClient.ts";
import { RunningSidecar } from "./runSidecar.ts";

/** Collects the events of a sidecar until `stop`. */
async function collect(sidecar: RunningSidecar): Promise<{
  events: TollgateEvent[];
  until(type: string, count: number): Promise<void>;
  stop(): void;
}> {
  const events: TollgateEvent[] = [];
  const end = new AbortController();
  let check = () => {};
  await new Promise<void>((listening) => {
    sidecar.api.subscribe(
      {
        onStatus: () => listening(),
        onEvent: (event) => {
          events.push(event);
          check();
        },
        onClose: () => {},
      },
      end.signal,
    );
  });
  return {
    events,
    until: (type, count) =>
      new Promise((resolve) => {
        check = () => {
          if (events.filter((event) => event.type === type).length >= count) {
            resolve();
          }
        };
        check();
      }),
    stop: () => end.abort(),
  };
}

describe("budgets, over the ends and starts of the sidecar, through the real sidecar process", function () {
  this.timeout(60_000);
  const world = new BudgetWorld();

  it("warn once at each threshold, also over a restart", async () => {
    const sidecar = await world.start([{ name: "month", limitUsd: 0.0112, window: "month", warnAt: [0.75, 0.9] }]);
    const watch = await collect(sidecar);
    const client = await clientOf(sidecar);
    world.upstreams.openai.script.default = { answerTokens: 256 };
    let refused = false;
    while (!refused) {
      await client.chat.completions.create(ask(256)).catch(() => {
        refused = true;
      });
    }
    await client.chat.completions.create(ask(256)).catch(() => {});
    await watch.until("alert.raised", 3);
    watch.stop();
    const thresholds = watch.events.flatMap((event) => (event.type === "alert.raised" ? [event.alert.threshold] : []));
    assert.deepEqual(thresholds, [0.75, 0.9, 1]);
    await sidecar.stop();
    const again = await world.startAgain(sidecar);
    const overview = await again.api.overview();
    assert.deepEqual(overview.alerts.map((alert) => alert.threshold).sort(), [0.75, 0.9, 1]);
    assert.ok((overview.status.budgets[0]?.spentNanoUsd ?? 0) > 10_000_000);
  });

  it("keep what was spent when the sidecar is killed, and book the call it was killed in at its hold", async () => {
    const sidecar = await world.start([{ name: "month", limitUsd: 1, window: "month" }]);
    const client = await clientOf(sidecar);
    const { response } = await client.chat.completions.create(ask(300)).withResponse();
    const booked = await sidecar.api.call(response.headers.get("x-tollgate-call-id") ?? "", 5_000);
    world.upstreams.openai.script.next({ hang: true });
    const hanging = client.chat.completions.create(ask(300)).catch(() => {});
    await world.upstreams.openai.waitForRequest(2);
    await sidecar.kill();
    await hanging;
    const again = await world.startAgain(sidecar);
    const { calls } = await again.api.calls();
    assert.deepEqual(calls.map(({ status }) => status).sort(), ["interrupted", "ok"]);
    const interrupted = calls.find(({ status }) => status === "interrupted");
    assert.ok(
      interrupted &&
        interrupted.costNanoUsd === interrupted.holdNanoUsd &&
        interrupted.costNanoUsd >= 300 * OUTPUT_NANO,
    );
    const spent = async () => (await again.api.status()).budgets[0]?.spentNanoUsd;
    assert.equal(await spent(), booked.costNanoUsd + interrupted.costNanoUsd);
    const cli = new CommandLine({});
    const release = ["release", interrupted.id, "--data-dir", sidecar.dataDir];
    assert.match((await cli.run(release)).err, /--why/);
    assert.equal((await cli.run([...release, "--why", "the provider was down"])).code, 0);
    assert.equal(await spent(), booked.costNanoUsd);
    assert.match((await cli.run([...release, "--why", "again"])).out, /is released/);
    assert.match(
      (await cli.run(["release", booked.id, "--data-dir", sidecar.dataDir, "--why", "x"])).err,
      /not interrupted/,
    );
    const [correction, ...more] = await again.api.corrections(interrupted.id);
    assert.deepEqual(
      [correction?.beforeNanoUsd, correction?.afterNanoUsd, correction?.why],
      [interrupted.costNanoUsd, 0, "the provider was down"],
    );
    assert.equal(more.length, 0);
  });

  it("drain on SIGTERM: the call under way is answered and booked, and the exit code is 0", async () => {
    const sidecar = await world.start([]);
    const client = await clientOf(sidecar);
    world.upstreams.openai.script.next({ delayMs: 300 });
    const answer = client.chat.completions.create(ask(300));
    await world.upstreams.openai.waitForRequest(1);
    const [code] = await Promise.all([sidecar.stop(), answer]);
    assert.equal(code, 0);
    const again = await world.startAgain(sidecar);
    assert.deepEqual(
      (await again.api.calls()).calls.map(({ status }) => status),
      ["ok"],
    );
  });

  it("leave the folder to the sidecar that has it", async () => {
    const sidecar = await world.start([]);
    writeFileSync(join(sidecar.dataDir, "other.json"), JSON.stringify(world.configFor([])));
    await assert.rejects(RunningSidecar.start(null, { dataDir: sidecar.dataDir }), /already-running/);
    assert.equal((await sidecar.api.status()).pid, sidecar.pid);
  });
});
