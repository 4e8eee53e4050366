import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import type { Call } from "../../src/domain/call.ts";
import type { NewEvent } from "../../src/domain/events.ts";
import { LedgerDatabase, loadSqlite } from "../../src/ledger/database.ts";
import { examine } from "../../src/ledger/doctor.ts";
import { DAY_MS } from "../../src/ledger/figures.ts";
import { Ledger, type LedgerOptions } from "../../src/ledger/ledger.ts";
import { FakeFileSystem } from "./fakeFileSystem.ts";
import { NOON, SAMPLE_REFUSAL, sampleCall } from "./samples.ts";

const AUGUST = Date.UTC(2026, 7, 5);
const SEPTEMBER = Date.UTC(2026, 8, 30, 23, 59);
const OCTOBER = Date.UTC(2026, 9, 1);

describe("months that ended long ago", function () {
  this.timeout(180_000);
  let fs: FakeFileSystem;
  const open = (options: Partial<LedgerOptions> = {}) => Ledger.open({ dir: "/data", now: () => NOON, fs, ...options });
  const book = (ledger: Ledger, id: string, at: number, parts: Partial<Call> = {}) =>
    ledger.append({ type: "call.settled", call: sampleCall({ id, at, ...parts }) });
  const archived = () => fs.list("/data/archive");
  const rowsIn = async (path: string) => {
    const database = new LedgerDatabase(await loadSqlite(), fs.get(path));
    const ids = database.all("SELECT id FROM calls ORDER BY id").map(({ id }) => id);
    database.close();
    return ids.join("");
  };
  const idsOf = (ledger: Ledger) => [...ledger.exportCalls(null, null)].map(({ id }) => id).join("");

  beforeEach(() => {
    fs = new FakeFileSystem();
  });

  it("leave the database for files of their own; totals stay, and every call is still found", async () => {
    const ledger = await open();
    await book(ledger, "a", AUGUST);
    await book(ledger, "b", SEPTEMBER);
    await book(ledger, "c", OCTOBER);
    const refused = sampleCall({ id: "d", at: AUGUST + 1, status: "refused", costNanoUsd: 0 });
    await ledger.append({ type: "call.refused", call: refused, refusal: SAMPLE_REFUSAL });
    await ledger.snapshot();
    assert.deepEqual(archived(), ["2026-08.sqlite", "2026-09.sqlite"]);
    assert.equal(await rowsIn("/data/ledger.sqlite"), "c");
    assert.equal(await rowsIn("/data/archive/2026-08.sqlite"), "ad");
    assert.equal(idsOf(ledger), "adbc");
    assert.equal(ledger.callById("a")?.costNanoUsd, 1_000);
    assert.equal(ledger.callById("none"), null);
    assert.deepEqual(ledger.refusalOf("d"), SAMPLE_REFUSAL);
    assert.deepEqual(ledger.totals(null, null), { costNanoUsd: 3_000, calls: 3 });
    assert.equal(ledger.totals(AUGUST + 1, null).calls, 2);
    await ledger.close();
    assert.ok((await examine({ dir: "/data", now: () => NOON, fs })).sound);
  });

  it("leave sooner where there are many calls, but not before three days have passed", async () => {
    const MIDDLE_OF_OCTOBER = Date.UTC(2026, 9, 15);
    const fourDaysLater = Date.UTC(2026, 10, 4);
    let now = Date.UTC(2026, 10, 3, 23, 59);
    const ledger = await open({ now: () => now, crowd: 2, archiveEveryMs: 0 });
    await book(ledger, "a", MIDDLE_OF_OCTOBER);
    await book(ledger, "b", now);
    now = fourDaysLater;
    await ledger.snapshot();
    assert.deepEqual(archived(), [], "two calls are not many");
    now -= 60_000;
    await book(ledger, "c", now);
    await ledger.snapshot();
    assert.deepEqual(archived(), []);
    now = fourDaysLater;
    await ledger.snapshot();
    assert.deepEqual(archived(), ["2026-10.sqlite"]);
    assert.equal(await rowsIn("/data/ledger.sqlite"), "bc");
    assert.equal(idsOf(ledger), "abc");
    await ledger.close();
  });

  it("are not opened for a page that the present fills, nor at start", async () => {
    const ledger = await open();
    await book(ledger, "a", AUGUST);
    await book(ledger, "b", NOON);
    await book(ledger, "c", NOON);
    await ledger.close();
    fs.filesRead.length = 0;
    const next = await open();
    assert.deepEqual(
      next.callsPage({}, null, 1).calls.map(({ id }) => id),
      ["c"],
    );
    next.callById("neither");
    assert.ok(!fs.filesRead.some((path) => path.includes("archive/")));
    await next.close();
  });

  it("come back when one more of their calls is booked, and leave again as another file", async () => {
    let ledger = await open();
    await book(ledger, "a", AUGUST, { status: "interrupted", costNanoUsd: 9_000 });
    await ledger.close();
    ledger = await open();
    await book(ledger, "a", AUGUST, { costNanoUsd: 70 });
    await book(ledger, "b", AUGUST);
    await book(ledger, "b", AUGUST);
    assert.deepEqual(ledger.totals(null, null), { costNanoUsd: 1_070, calls: 2 });
    await ledger.snapshot();
    assert.equal(idsOf(ledger), "ab");
    assert.deepEqual(archived(), ["2026-08-2.sqlite", "2026-08.sqlite"], "the snapshot before names the first");
    await ledger.snapshot();
    assert.deepEqual(archived(), ["2026-08-2.sqlite"]);
    await ledger.close();
  });

  it("are told of when their file is gone, and rebuilt from the journal", async () => {
    const ledger = await open();
    await book(ledger, "a", AUGUST);
    await ledger.close();
    fs.remove("/data/archive/2026-08.sqlite");
    const next = await open();
    assert.match(next.notices.join(), /2026-08\.sqlite cannot be read.*doctor --repair/);
    assert.equal(next.totals(null, null).calls, 1);
    assert.equal(idsOf(next), "");
    await book(next, "b", AUGUST);
    assert.equal(idsOf(next), "b");
    await next.close();
    assert.match(JSON.stringify((await examine({ dir: "/data", now: () => NOON, fs })).findings), /is missing/);
    fs.remove("/data/ledger.sqlite");
    fs.remove("/data/ledger.previous.sqlite");
    const rebuilt = await open();
    assert.equal(idsOf(rebuilt), "ab");
    await rebuilt.close();
  });

  it("are read from the snapshot before, where the folder was copied while they moved to their file", async () => {
    const ledger = await open({ archiveAfterDays: 1_000 });
    await book(ledger, "a", AUGUST);
    await ledger.close();
    const next = await open();
    await book(next, "b", NOON);
    await next.close();
    assert.deepEqual(archived(), ["2026-08.sqlite"]);
    fs.remove("/data/archive/2026-08.sqlite");
    const copy = await open();
    assert.deepEqual([idsOf(copy), copy.notices], ["ab", []]);
    await copy.close();
    assert.deepEqual(archived(), ["2026-08.sqlite"]);
    assert.ok((await examine({ dir: "/data", now: () => NOON, fs })).sound);
  });

  it("are files that only their owner reads, and nobody changes", async function () {
    if (process.platform === "win32") {
      this.skip();
    }
    const dir = mkdtempSync(join(tmpdir(), "tollgate-archive-"));
    try {
      const ledger = await Ledger.open({ dir, now: () => NOON });
      await book(ledger, "a", AUGUST);
      await ledger.close();
      const path = join(dir, "archive", "2026-08.sqlite");
      assert.equal(statSync(path).mode & 0o777, 0o400);
      const database = new LedgerDatabase(await loadSqlite(), readFileSync(path));
      database.check("thorough");
      database.close();
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it("answer every question as if they had never left, for any calls, from any snapshot", async () => {
    const statuses: Array<Call["status"]> = ["ok", "error", "interrupted"];
    const time = fc.integer({ min: NOON - 130 * DAY_MS, max: NOON });
    const events = fc.record({
      id: fc.integer({ min: 1, max: 30 }).map(String),
      at: time,
      model: fc.constantFrom("gpt-5", "llama"),
      status: fc.constantFrom(...statuses),
      latencyMs: fc.integer({ min: 0, max: 9_000 }),
      costNanoUsd: fc.integer({ min: 0, max: 1_000_000 }),
      sessionId: fc.constantFrom(null, "one", "two"),
      branch: fc.constantFrom(null, "main"),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(events, fc.integer({ min: 0, max: 5 })), { minLength: 1, maxLength: 40, size: "max" }),
        fc.array(fc.tuple(time, time), { minLength: 3, maxLength: 3 }),
        async (list, ranges) => {
          fs = new FakeFileSystem();
          const plainFs = new FakeFileSystem();
          const options = { archiveAfterDays: 0, archiveEveryMs: 0 };
          const ledger = await open(options);
          const plain = await open({ fs: plainFs, archiveAfterDays: 4_000 });
          for (const [parts, snapshot] of list) {
            const event: NewEvent = { type: "call.settled", call: sampleCall({ ...parts, at: dayOf(parts) }) };
            const both = Promise.all([ledger.append(event), plain.append(event)]);
            await Promise.all([both, snapshot === 0 ? ledger.snapshot() : undefined]);
          }
          const answers = (of: Ledger) => ({
            spent: ranges.map(([from, to]) => of.spentIn({ model: "gpt-*" }, from, to)),
            models: ranges.map(([from, to]) => of.summary("model", from, to, "UTC")),
            sessions: ranges.map(([from, to]) => of.summary("session", from, to, "UTC")),
            types: of.summary("request-type", null, null, "UTC"),
            branches: of.summary("branch", null, null, "UTC"),
            ofOne: pagesOf(of, { session: "one" }),
            months: of.summary("month", null, null, "Asia/Kolkata"),
            pages: ranges.flatMap(([since, until]) => pagesOf(of, { since, until, model: "gpt-*" })),
            all: pagesOf(of, {}),
            exported: [...of.exportCalls(null, null)],
            some: [...of.exportCalls(ranges[0]?.[0] ?? null, ranges[1]?.[0] ?? null)],
            byId: list.map(([{ id }]) => of.callById(id)),
          });
          const expected = answers(plain);
          await ledger.snapshot();
          assert.deepEqual(answers(ledger), expected);
          await ledger.close();
          await plain.close();
          for (const prepare of [() => {}, () => fs.remove("/data/ledger.sqlite"), removeSnapshots]) {
            prepare();
            assert.ok((await examine({ dir: "/data", now: () => NOON, fs })).sound);
            const next = await open(options);
            assert.deepEqual(answers(next), expected);
            await next.snapshot();
            assert.deepEqual(answers(next), expected);
            await next.close();
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  function removeSnapshots(): void {
    fs.remove("/data/ledger.sqlite");
    fs.remove("/data/ledger.previous.sqlite");
  }

  /** A call that is booked again started when it did the first time. */
  function dayOf({ id, at }: { id: string; at: number }): number {
    return NOON - (Number(id) * 4 * DAY_MS + (at % 7));
  }

  function pagesOf(ledger: Ledger, filter: Parameters<Ledger["callsPage"]>[0]): string[] {
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const page: ReturnType<Ledger["callsPage"]> = ledger.callsPage(filter, cursor, 3);
      ids.push(...page.calls.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    return ids;
  }
});
