import assert from "node:assert/strict";
import { Ledger, type LedgerOptions } from "../../src/ledger/ledger.ts";
import { FakeFileSystem } from "./fakeFileSystem.ts";
import { NOON, sampleCall, sampleHeld } from "./samples.ts";

describe("a ledger whose disk fails", () => {
  let fs: FakeFileSystem;
  let ledger: Ledger;

  const open = (options: Partial<LedgerOptions> = {}) => Ledger.open({ dir: "/data", now: () => NOON, fs, ...options });
  const book = (id: string, of: Ledger = ledger) =>
    of.append({ type: "call.settled", call: sampleCall({ id }) }).then(
      () => "booked",
      (error) => error.code as string,
    );
  const hold = (id: string) => ledger.appendSoon({ type: "call.held", held: sampleHeld({ id }) });
  const idsOf = (of: Ledger) => [...of.exportCalls(null, null)].map(({ id }) => id).join("");
  /** What a sidecar that starts after a kill finds. */
  const reopened = async () => {
    const next = await open();
    const found = { ids: idsOf(next), notices: next.notices, holds: next.openHolds().map(({ held }) => held.id) };
    const seqs: number[] = [];
    for (const path of fs.paths.filter((name) => name.endsWith(".jsonl"))) {
      for (const [, seq] of fs
        .get(path)
        .toString()
        .matchAll(/"seq":(\d+)/g)) {
        seqs.push(Number(seq));
      }
    }
    return { ...found, calls: next.totals(null, null).calls, seqs };
  };

  beforeEach(async () => {
    fs = new FakeFileSystem();
    ledger = await open();
  });

  it("that is full rejects with words, and books on by itself when there is space again", async () => {
    assert.equal(await book("a"), "booked");
    fs.capacity = fs.paths.reduce((sum, path) => sum + fs.get(path).length, 0) + 200;
    assert.deepEqual(await Promise.all([book("b"), book("c")]), ["disk-full", "disk-full"]);
    assert.match(ledger.notices.join(), /^The disk is full: .*Free some space/);
    assert.ok(ledger.isFailing);
    assert.equal(await book("d"), "disk-full");
    assert.equal(await book("e"), "disk-full");
    assert.equal(idsOf(ledger), "a");
    fs.capacity = Number.POSITIVE_INFINITY;
    assert.equal(await book("f"), "booked");
    assert.equal(idsOf(ledger), "abcdef");
    assert.deepEqual([ledger.notices, ledger.isFailing], [[], false]);
    const { ids, calls, notices, seqs } = await reopened();
    assert.deepEqual([ids, calls, notices], ["abcdef", 6, []]);
    assert.deepEqual(seqs, [1, 2, 3, 4, 5, 6]);
  });

  it("that is full leaves no files behind for the attempts", async () => {
    await book("a");
    fs.capacity = 0;
    for (const id of "bcdef") {
      await book(id);
    }
    assert.equal(fs.list("/data/journal").length, 1);
  });

  it("that is full while the database is written out keeps the last image, and leaves no piece of the new one", async () => {
    await book("a");
    await ledger.snapshot();
    const before = fs.get("/data/ledger.sqlite");
    await book("b");
    fs.capacity = fs.paths.reduce((sum, path) => sum + fs.get(path).length, 0) + 10_000;
    await ledger.snapshot();
    assert.match(ledger.notices.join(), /database file could not be renewed.*disk is full/i);
    assert.deepEqual(fs.get("/data/ledger.sqlite"), before);
    assert.ok(!fs.paths.some((path) => path.endsWith(".tmp")));
    fs.capacity = Number.POSITIVE_INFINITY;
    fs.put("/data/ledger.sqlite.1.tmp", Buffer.alloc(100));
    assert.deepEqual([(await reopened()).ids, fs.exists("/data/ledger.sqlite.1.tmp")], ["ab", false]);
  });

  it("refuses holds while it is full, forgets them, and takes them again afterwards", async () => {
    fs.capacity = 0;
    assert.throws(() => hold("a"), { code: "disk-full" });
    assert.throws(() => hold("b"), { code: "disk-full" });
    fs.capacity = Number.POSITIVE_INFINITY;
    hold("c");
    await ledger.flush();
    assert.deepEqual(ledger.notices, []);
    assert.deepEqual((await reopened()).holds, ["c"]);
  });

  it("whose sync fails never syncs that file again, and writes the batch anew", async () => {
    fs.failingSyncs = 1;
    assert.deepEqual(await Promise.all([book("a"), book("b")]), ["io", "io"]);
    assert.equal(await book("c"), "booked");
    const [first, second] = [...fs.syncsOf.values()];
    assert.deepEqual([first, second], [2, 1]); // the first file: at its opening, and the one that failed
    assert.equal(idsOf(ledger), "abc");
    fs = fs.afterPowerCut(() => 0);
    const { ids, calls } = await reopened();
    assert.deepEqual([ids, calls], ["abc", 3]);
  });

  it("acknowledges what a sync covers although a hold fails to be written meanwhile", async () => {
    let release = () => {};
    fs.beforeSync = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    const booked = book("a");
    await untilSyncing(fs);
    fs.capacity = 0;
    assert.throws(() => hold("b"), { code: "disk-full" });
    const late = book("c");
    fs.capacity = Number.POSITIVE_INFINITY;
    assert.throws(() => hold("d"), { code: "disk-full" }, "not before the sync has ended");
    fs.beforeSync = null;
    release();
    assert.equal(await booked, "booked");
    assert.equal(await late, "disk-full");
    assert.equal(await book("e"), "booked");
    assert.equal(idsOf(ledger), "ace");
    const { ids, holds } = await reopened();
    assert.deepEqual([ids, holds], ["ace", []]);
  });

  it("keeps order when a sync fails while holds were written behind it", async () => {
    let release = () => {};
    fs.beforeSync = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    const told: number[] = [];
    ledger.subscribe(({ seq }) => told.push(seq));
    const booked = book("a");
    await untilSyncing(fs);
    hold("b");
    fs.failingSyncs = 1;
    fs.beforeSync = null;
    release();
    assert.equal(await booked, "io");
    assert.equal(await book("c"), "booked");
    assert.deepEqual(told, [1, 2, 3]);
    const { ids, holds } = await reopened();
    assert.deepEqual([ids, holds], ["ac", ["b"]]);
  });

  it("loses nothing acknowledged and repeats no number when another sidecar takes the folder", async () => {
    assert.equal(await book("a"), "booked");
    const racing = book("b");
    const successor = await open();
    const fate = await racing;
    assert.equal(await book("c"), "fenced");
    assert.throws(() => hold("d"), { code: "fenced" });
    assert.equal(await book("e", successor), "booked");
    assert.equal(idsOf(successor), fate === "booked" ? "abe" : "ae");
    await ledger.snapshot();
    await assert.rejects(ledger.close(), { code: "fenced" });
    assert.equal((await reopened()).ids, fate === "booked" ? "abe" : "ae");
    fs.remove("/data/ledger.sqlite");
    fs.remove("/data/ledger.previous.sqlite");
    assert.equal((await reopened()).ids, fate === "booked" ? "abe" : "ae", "from the journal alone");
  });

  it("does not acknowledge what it wrote after another sidecar has read the journal", async () => {
    let release = () => {};
    fs.beforeSync = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    const booked = book("a");
    await untilSyncing(fs);
    fs.beforeSync = null;
    const successor = await open();
    release();
    assert.equal(await booked, "fenced");
    await book("b", successor);
    const { ids, calls } = await reopened();
    assert.ok(["ab", "b"].includes(ids), ids);
    assert.equal(calls, ids.length);
  });

  it("never leaves a snapshot that knows more than the journal after a power cut", async () => {
    hold("a");
    await ledger.snapshot();
    fs = fs.afterPowerCut(() => 0);
    fs.remove("/data/ledger.sqlite");
    assert.deepEqual((await reopened()).holds, ["a"]);
  });

  it("says so when a snapshot cannot be written, and goes on booking", async () => {
    await book("a");
    const write = fs.writeFile.bind(fs);
    fs.writeFile = () => Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" }));
    await ledger.snapshot();
    assert.match(ledger.notices.join(), /database file could not be renewed\. The disk is full/);
    assert.equal(await book("b"), "booked");
    fs.writeFile = write;
    await ledger.snapshot();
    assert.deepEqual(ledger.notices, []);
  });

  it("does not open where the disk is full", async () => {
    fs = new FakeFileSystem();
    fs.capacity = 10;
    await assert.rejects(open(), { name: "LedgerError", code: "disk-full" });
    assert.deepEqual(fs.paths, []);
  });
});

/** Resolves when the next sync has begun. */
async function untilSyncing(fs: FakeFileSystem): Promise<void> {
  const count = () => [...fs.syncsOf.values()].reduce((sum, syncs) => sum + syncs, 0);
  const before = count();
  while (count() === before) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
