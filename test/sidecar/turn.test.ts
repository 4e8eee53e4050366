import assert from "node:assert/strict";
import { Turn } from "../../src/sidecar/turn.ts";

describe("the end of a turn", () => {
  const nextTurns = async (count: number) => {
    for (let turn = 0; turn < count; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  it("brings what waits for earlier work of the same turn out with the rest, and loses nothing that comes in between", async () => {
    const done: string[] = [];
    const turn = new Turn(() => 2);
    turn.atEnd(() => done.push("answer"));
    const written = new Promise<void>((resolve) => {
      turn.nearEnd(() => {
        done.push("hold");
        resolve();
      });
    });
    const sent = written.then(() => {
      turn.atEnd(() => done.push("request"));
      turn.nearEnd(() => done.push("late hold"));
    });
    setImmediate(() => done.push("next turn"));
    await sent;
    await nextTurns(2);
    assert.deepEqual(done, ["hold", "answer", "request", "next turn", "late hold"]);
    turn.nearEnd(() => turn.atEnd(() => done.push("again")));
    await nextTurns(1);
    assert.equal(done.at(-1), "again");
  });
});
