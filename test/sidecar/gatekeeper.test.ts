import assert from "node:assert/strict";
import { budgetSchema } from "../../src/domain/budget.ts";
import { gateSettingsSchema } from "../../src/domain/config.ts";
import type { Decision } from "../../src/domain/events.ts";
import { Gate } from "../../src/domain/gate.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { Departure } from "../../src/sidecar/departure.ts";
import { type Admission, type CallRequest, Gatekeeper } from "../../src/sidecar/gatekeeper.ts";
import { FakeFileSystem } from "../ledger/fakeFileSystem.ts";
import { NOON, sampleHeld } from "../ledger/samples.ts";

const LIMIT_NANO = 1_000_000;

describe("calls that wait for a budget", () => {
  let ledger: Ledger;
  let gatekeeper: Gatekeeper;
  let inside: string[];

  beforeEach(async () => {
    inside = [];
    ledger = await Ledger.open({ dir: "/data", now: () => NOON, fs: new FakeFileSystem() });
    const gate = new Gate({
      calendar: { timeZone: "UTC", weekStartsOn: 1 },
      settings: () => gateSettingsSchema.parse({}),
      spentOf: () => 0,
    });
    const budget = { limitUsd: LIMIT_NANO / 1e9, window: "month" };
    gate.setBudgets(
      [
        budgetSchema.parse({ ...budget, name: "month" }),
        budgetSchema.parse({ ...budget, name: "web", scope: { project: "web" } }),
      ],
      NOON,
    );
    // Nobody here is let in because time has passed.
    gatekeeper = new Gatekeeper({ gate, ledger, now: () => NOON, waitMs: () => 2 ** 30, timeZone: "UTC" });
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
      expectedNanoUsd: 1,
    };
  }
  const decide = (budget: string, kind: Decision["kind"]) =>
    gatekeeper.decide({ budget, kind, limitNanoUsd: null, until: null, by: "ada", why: null });

  /** Asks for a call to be let in; `inside` tells who has had an answer. */
  function admit(request: CallRequest): Promise<Admission> {
    const done = gatekeeper.admit(request, new Departure());
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
});
