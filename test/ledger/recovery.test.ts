import assert from "node:assert/strict";
import { encodeLine } from "../../src/ledger/journalLine.ts";
import { Ledger, type LedgerOptions } from "../../src/ledger/ledger.ts";
import type { LedgerError } from "../../src/ledger/ledgerError.ts";
import { FakeFileSystem } from "./fakeFileSystem.ts";
import { NOON, sampleCall } from "./samples.ts";

const SEGMENT = "/data/journal/000000000001.jsonl";

describe("opening a ledger", () => {
  let fs: FakeFileSystem;
  beforeEach(() => {
    fs = new FakeFileSystem();
  });

  const open = (options: Partial<LedgerOptions> = {}) => Ledger.open({ dir: "/data", now: () => NOON, fs, ...options });
  const bookAll = async (ledger: Ledger, ids: readonly string[]) => {
    for (const id of ids) {
      await ledger.append({ type: "call.settled", call: sampleCall({ id }) });
    }
  };
  const idsOf = (ledger: Ledger) => [...ledger.exportCalls(null, null)].map(({ id }) => id).join("");
  const withoutSnapshots = () => {
    fs.remove("/data/ledger.sqlite");
    fs.remove("/data/ledger.previous.sqlite");
  };
  /** A folder whose last sidecar booked calls a to e and was killed. */
  const killedAfter = async (ids = "abcde") => bookAll(await open(), [...ids]);
  const replaceJournal = (change: (content: Buffer) => Uint8Array) => fs.put(SEGMENT, change(fs.get(SEGMENT)));

  it("drops a last line that was cut off, and says so", async () => {
    await killedAfter();
    replaceJournal((content) => content.subarray(0, content.length - 9));
    const ledger = await open();
    assert.equal(idsOf(ledger), "abcd");
    assert.ok(ledger.recovery.tornTail);
    assert.match(ledger.notices.join(), /in the middle of an entry/);
    await bookAll(ledger, ["f"]);
    await ledger.close();
    const next = await open();
    assert.equal(idsOf(next), "abcdf");
    assert.deepEqual(next.notices, []);
    await next.close();
  });

  it("leaves out a damaged line in the middle, keeps a copy of it, and says so until the books are past it", async () => {
    await killedAfter();
    replaceJournal((content) => {
      content[content.indexOf('"id":"c"') + 6] = 0x21;
      return content;
    });
    const ledger = await open();
    assert.equal(idsOf(ledger), "abde");
    assert.deepEqual(ledger.totals(null, null), { costNanoUsd: 4_000, calls: 4 });
    assert.equal(ledger.notices.length, 1);
    assert.match(ledger.notices[0] as string, /^One entry of the journal file 000000000001\.jsonl could not be read/);
    assert.match(fs.get("/data/journal/damaged-000000000001.txt").toString(), /^[0-9a-f]{8} \{.*"id":"!".*\}\n$/);
    await ledger.close();
    const next = await open();
    assert.deepEqual(next.notices, []);
    await next.close();
  });

  it("says nothing of a damaged line that a snapshot was made after", async () => {
    const ledger = await open();
    await bookAll(ledger, ["a", "b", "c"]);
    await ledger.snapshot();
    await bookAll(ledger, ["d"]);
    replaceJournal((content) => {
      content[content.indexOf('"id":"b"') + 6] = 0x21;
      return content;
    });
    const next = await open();
    assert.equal(idsOf(next), "abcd");
    assert.deepEqual(next.notices, []);
    await next.close();
  });

  for (const [what, change] of [
    ["truncated", (content: Buffer) => content.subarray(0, content.length - 100)],
    ["garbled", (content: Buffer) => Buffer.from(content).fill(0x7e, 100, 9_000)],
    ["empty", () => Buffer.alloc(0)],
  ] as const) {
    it(`sets a ${what} snapshot aside and takes the previous one`, async () => {
      const ledger = await open();
      await bookAll(ledger, ["a"]);
      await ledger.snapshot();
      await bookAll(ledger, ["b"]);
      await ledger.close();
      fs.put("/data/ledger.sqlite", change(fs.get("/data/ledger.sqlite")));
      const next = await open();
      assert.equal(next.recovery.replayed, 1);
      assert.equal(idsOf(next), "ab");
      assert.match(next.notices.join(), /set aside as ledger\.sqlite\.damaged-2026-11-21T12-00-00/);
      assert.ok(fs.paths.some((path) => path.includes("damaged")));
      await next.close();
    });
  }

  it("rebuilds all from the journal when both snapshots are damaged", async () => {
    const ledger = await open({ segmentBytes: 1_000 });
    await bookAll(ledger, [..."abcdefgh"]);
    await ledger.snapshot();
    await ledger.close();
    fs.put("/data/ledger.sqlite", Buffer.from("no database"));
    fs.put("/data/ledger.previous.sqlite", Buffer.from("no database either"));
    const next = await open();
    assert.equal(idsOf(next), "abcdefgh");
    assert.equal(next.totals(null, null).costNanoUsd, 8_000);
    await next.close();
  });

  it("reads only the segments that the snapshot does not cover", async () => {
    const ledger = await open({ segmentBytes: 1 });
    await bookAll(ledger, [..."abcd"]);
    await ledger.snapshot();
    await bookAll(ledger, [..."ef"]);
    fs.filesRead.length = 0;
    const next = await open();
    assert.equal(idsOf(next), "abcdef");
    assert.deepEqual(
      fs.filesRead.filter((path) => path.endsWith(".jsonl")),
      ["/data/journal/000000000006.jsonl", "/data/journal/000000000007.jsonl"],
    );
    await next.close();
  });

  it("takes over from a journal whose rotated segment lost its end", async () => {
    const ledger = await open({ segmentBytes: 1 });
    await bookAll(ledger, [..."abc"]);
    const third = "/data/journal/000000000003.jsonl";
    fs.put(third, fs.get(third).subarray(0, -5));
    const next = await open();
    assert.equal(idsOf(next), "ac");
    assert.match(next.notices.join(), /One entry of the journal file 000000000003\.jsonl/);
    await next.close();
  });

  it("counts an entry once that stands in two segments", async () => {
    const ledger = await open();
    const accrual = { provider: "vllm", from: NOON, to: NOON + 9, costNanoUsd: 7 };
    await ledger.append({ type: "compute.accrued", accrual });
    const line = fs.get(SEGMENT).toString().split("\n")[1];
    fs.put("/data/journal/000000000002.jsonl", Buffer.from(`${line}\n`));
    const next = await open();
    assert.equal(next.totals(null, null).costNanoUsd, 7);
    await next.close();
  });

  for (const [what, line] of [
    ["format", encodeLine({ type: "segment", format: 2, generation: 9, firstSeq: 6, opened: "start" })],
    ["event", encodeLine({ type: "call.rated", seq: 6, at: NOON } as unknown as Parameters<typeof encodeLine>[0])],
  ] as const) {
    it(`refuses a journal with a newer ${what} and changes nothing`, async () => {
      await killedAfter();
      fs.put("/data/journal/000000000002.jsonl", Buffer.from(line));
      const before = fs.paths;
      await assert.rejects(open(), (error: LedgerError) => {
        assert.equal(error.code, "newer");
        assert.match(error.message, /Update Tollgate/);
        return true;
      });
      assert.deepEqual(fs.paths, before);
    });
  }

  it("refuses a database of a newer version and changes nothing", async () => {
    const ledger = await open();
    await ledger.close();
    const image = Buffer.from(fs.get("/data/ledger.sqlite"));
    image.writeUInt32BE(99, 60); // where SQLite keeps user_version
    fs.put("/data/ledger.sqlite", image);
    const before = fs.paths;
    await assert.rejects(open(), { name: "LedgerError", code: "newer" });
    assert.deepEqual(fs.paths, before);
  });

  it("says what to do when the folder cannot be written", async () => {
    fs.readOnly = true;
    await assert.rejects(open(), (error: LedgerError) => {
      assert.equal(error.code, "read-only");
      assert.match(error.message, /\/data cannot be written.*choose another data folder/);
      return true;
    });
  });

  it("goes on where an entry cannot be added to the totals, and says which", async () => {
    await killedAfter("ab");
    const broken = sampleCall({ id: "c", model: "other", costNanoUsd: null as unknown as number });
    const good = sampleCall({ id: "d", model: "other" });
    replaceJournal((content) =>
      Buffer.concat([
        content,
        Buffer.from(encodeLine({ type: "call.settled", seq: 3, at: NOON, call: broken })),
        Buffer.from(encodeLine({ type: "call.settled", seq: 4, at: NOON, call: good })),
      ]),
    );
    const ledger = await open();
    assert.equal(idsOf(ledger), "abd");
    assert.deepEqual(ledger.totals(null, null), { costNanoUsd: 3_000, calls: 3 });
    assert.match(ledger.notices.join(), /Entry 3 of the journal could not be added/);
    await ledger.close();
    for (const prepare of [() => {}, withoutSnapshots]) {
      prepare();
      const next = await open();
      assert.equal(idsOf(next), "abd");
      await next.close();
    }
  });
});
