import assert from "node:assert/strict";
import { budgetSchema } from "../../src/domain/budget.ts";
import { gateSettingsSchema } from "../../src/domain/config.ts";
import type { Decision } from "../../src/domain/events.ts";
import { Gate } from "../../src/domain/gate.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { Departure } from "../../src/sidecar/departure.ts";
import { type Admission, Gatekeeper } from "../../src/sidecar/gatekeeper.ts";
import { Turn } from "../../src/sidecar/turn.ts";
import type { CallRequest } from "../../src/sidecar/waitingLine.ts";
import { FakeFileSystem } from "../ledger/fakeFileSystem.ts";
import { NOON, sampleCall, sampleHeld } from "../ledger/samples.ts";

const LIMIT_NANO = 1_000_000;

describe("calls that wait for a budget", () => {
  let ledger: Ledger;
  let gatekeeper: Gatekeeper;
  let inside: string[];
  let now: number;
  let disk: FakeFileSystem;
  let crowded: boolean;

  beforeEach(async () => {
    crowded = false;
    inside = [];
    now = NOON;
    disk = new FakeFileSystem();
    ledger = await Ledger.open({ dir: "/data", now: () => now, fs: disk });
    const gate = new Gate({
      calendar: { timeZone: "UTC", weekStartsOn: 1 },
      settings: () => gateSettingsSchema.parse({}),
      spentOf: (budget, window) => gatekeeper.spentOf(budget, window),
    });
    const budget = { limitUsd: LIMIT_NANO / 1e9, window: "month" };
    // Nobody here is let in because time has passed.
    gatekeeper = new Gatekeeper({
      gate,
      ledger,
      now: () => now,
      waitMs: () => 2 ** 30,
      turn: new Turn(() => (crowded ? 2 : 1)),
      timeZone: "UTC",
    });
    gate.setBudgets(
      [
        budgetSchema.parse({ ...budget, name: "month" }),
        budgetSchema.parse({ ...budget, name: "web", scope: { project: "web" } }),
      ],
      NOON,
    );
  });
  afterEach(() => ledger.close());

  /** A call whose worst case is a share of the limit of both budgets. */
  function call(id: string, project: string, share: number): CallRequest {
    return {
      held: sampleHeld({ id, project }),
      attribution: { provider: "openai", model: "gpt-5", project, tags: [] },
      bound: {
        fixedNanoUsd: share * LIMIT_NANO,
        outputRate: 0,
        choices: 1,
        outputLimitTokens: 1,
        usualOutputTokens: 1,
        clampable: false,
      },
      usualNanoUsd: 1,
    };
  }
  const decide = (budget: string, kind: Decision["kind"]) =>
    gatekeeper.decide({ budget, kind, limitNanoUsd: null, until: null, by: "ada", why: null });

  const isInJournal = (id: string) =>
    disk.paths.some((path) => path.endsWith(".jsonl") && disk.get(path).includes(`"${id}"`));

  /** Asks for a call to be let in; `inside` tells who has had an answer. */
  function admit(request: CallRequest, departure = new Departure()): Promise<Admission> {
    const done = gatekeeper.admit(request, departure);
    void done.then(({ kind }) => inside.push(`${request.held.id} ${kind}`));
    return done;
  }

  it("get in when it is paused", async () => {
    await admit(call("first", "api", 1));
    const second = admit(call("second", "api", 1));
    await decide("web", "pause");
    assert.deepEqual(inside, ["first held"], "it waits for another budget");
    await decide("month", "pause");
    assert.equal((await second).kind, "held");
  });

  it("get in although one stands before them that waits for the paused budget and for another", async () => {
    await admit(call("first", "web", 1));
    const both = admit(call("both", "web", 1));
    const one = admit(call("one", "api", 1));
    await decide("month", "pause");
    assert.equal((await one).kind, "held");
    assert.deepEqual(inside, ["first held", "one held"]);
    await decide("web", "pause");
    assert.equal((await both).kind, "held");
  });

  it("leave with their client: nothing is held for them, and those behind them get in at once where they fit", async () => {
    await admit(call("first", "api", 0.5));
    const departure = new Departure();
    const large = admit(call("large", "api", 1), departure);
    const small = admit(call("small", "api", 0.5));
    departure.announce();
    assert.deepEqual(await large, { kind: "gone" });
    assert.equal((await small).kind, "held");
    assert.equal(gatekeeper.gate.account("month", now)?.heldNanoUsd, LIMIT_NANO);
    assert.equal((await admit(call("late", "api", 1), departure)).kind, "gone");
  });

  it("belong to the window in which they are let in", async () => {
    gatekeeper.gate.setBudgets([budgetSchema.parse({ name: "day", limitUsd: LIMIT_NANO / 1e9, window: "day" })], now);
    await admit(call("first", "api", 1));
    const second = admit(call("second", "api", 1));
    now = NOON + 13 * 3_600_000;
    await gatekeeper.settle(sampleCall({ id: "first", costNanoUsd: LIMIT_NANO }));
    const answer = await second;
    assert.ok(answer.kind === "held" && answer.at === now);
    await gatekeeper.settle(sampleCall({ id: "second", at: answer.at, costNanoUsd: LIMIT_NANO }));
    const spentAt = (at: number) => gatekeeper.gate.account("day", at)?.spentNanoUsd;
    assert.deepEqual([spentAt(now), spentAt(NOON), spentAt(now)], [LIMIT_NANO, LIMIT_NANO, LIMIT_NANO]);
  });

  it("have their holds on the way to the disk before they are let in: one by one, or in one write where many come at once", async () => {
    const writes: string[] = [];
    for (crowded of [false, true]) {
      const ids = [1, 2, 3].map((index) => `${crowded} ${index}`);
      writes.length = 0;
      disk.onOperation = (operation) => writes.push(operation);
      const seen = await Promise.all(ids.map((id) => admit(call(id, "api", 0.1)).then(() => isInJournal(id))));
      disk.onOperation = null;
      assert.deepEqual(seen, [true, true, true]);
      assert.equal(writes.filter((operation) => operation === "write").length, crowded ? 1 : 3);
    }
    assert.equal(gatekeeper.gate.account("month", now)?.heldNanoUsd, 0.6 * LIMIT_NANO);
  });

  it("that come at once are all refused where the disk takes none of their holds, and hold nothing", async () => {
    crowded = true;
    await admit(call("first", "api", 0.5));
    disk.readOnly = true;
    const answers = await Promise.all(["a", "b"].map((id) => admit(call(id, "api", 0.1))));
    assert.deepEqual(
      answers.map((answer) => answer.kind === "refused" && answer.refusal.reason),
      ["no-ledger", "no-ledger"],
    );
    assert.equal(gatekeeper.gate.account("month", now)?.heldNanoUsd, 0.5 * LIMIT_NANO);
    disk.readOnly = false;
    assert.equal((await admit(call("later", "api", 0.5))).kind, "held");
    assert.deepEqual(["first", "a", "b", "later"].filter(isInJournal), ["first", "later"]);
  });

  it("find what was settled while the disk took nothing, also when a budget is made meanwhile", async () => {
    await admit(call("first", "api", 1));
    disk.readOnly = true;
    await assert.rejects(gatekeeper.settle(sampleCall({ id: "first", costNanoUsd: 700 })), /cannot be written/);
    const made = budgetSchema.parse({ name: "made", limitUsd: LIMIT_NANO / 1e9, window: "day" });
    gatekeeper.gate.setBudgets([made], now);
    assert.equal(gatekeeper.gate.account("made", now)?.spentNanoUsd, 700);
    disk.readOnly = false;
    await ledger.append({ type: "sidecar.started", pid: 1, version: "1" });
    gatekeeper.gate.setBudgets([{ ...made, name: "later" }], now);
    assert.equal(gatekeeper.gate.account("later", now)?.spentNanoUsd, 700);
  });
});
