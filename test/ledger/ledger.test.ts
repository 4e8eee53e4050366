import assert from "node:assert/strict";
import { type Budget, budgetSchema } from "../../src/domain/budget.ts";
import type { Call } from "../../src/domain/call.ts";
import type { TollgateEvent } from "../../src/domain/events.ts";
import { BUCKET_MS } from "../../src/ledger/figures.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { FakeFileSystem } from "./fakeFileSystem.ts";
import { type CallParts, NOON, SAMPLE_REFUSAL, sampleCall, sampleHeld } from "./samples.ts";

describe("the ledger", () => {
  let fs: FakeFileSystem;
  let ledger: Ledger;
  let clock = NOON;

  const open = () => Ledger.open({ dir: "/data", now: () => clock, fs });
  const book = async (parts: CallParts): Promise<Call> => {
    const call = sampleCall(parts);
    await ledger.append({ type: "call.settled", call });
    return call;
  };

  beforeEach(async () => {
    clock = NOON;
    fs = new FakeFileSystem();
    ledger = await open();
  });

  afterEach(() => ledger.close());

  it("shows a call as soon as it is acknowledged, with every field as it was booked", async () => {
    const call = await book({ tags: ["b", "a"], user: "ann", traceId: "t", requestedModel: "gpt", attempt: 3 });
    assert.deepEqual(ledger.callById("call-1"), call);
    assert.deepEqual(ledger.totals(null, null), { costNanoUsd: 1_000, calls: 1 });
    const free = await book({ id: "call-2", rates: null, firstTokenMs: null, httpStatus: null, costNanoUsd: 9e14 });
    assert.deepEqual(ledger.callById("call-2"), free);
    assert.equal(ledger.callById("call-3"), null);
  });

  it("counts a call once, however often it is booked", async () => {
    await book({});
    await book({ costNanoUsd: 5 });
    assert.deepEqual(ledger.totals(null, null), { costNanoUsd: 1_000, calls: 1 });
  });

  it("lets what is known better take the place of an interrupted call, and never the other way", async () => {
    await book({ status: "interrupted", costNanoUsd: 9_000, model: "gpt-5-old" });
    await book({ costNanoUsd: 70 });
    await book({ status: "interrupted", costNanoUsd: 9_000 });
    assert.equal(ledger.callById("call-1")?.status, "ok");
    assert.deepEqual(ledger.totals(null, null), { costNanoUsd: 70, calls: 1 });
    assert.deepEqual(
      ledger.summary("model", null, null, "UTC").groups.map(({ key }) => key),
      ["gpt-5"],
    );
  });

  it("teaches what its last calls that ended well were like, oldest first", async () => {
    const usage = { ...sampleCall({}).usage, inputTokens: 9_000, cachedInputTokens: 8_000, outputTokens: 7 };
    await book({ id: "too old", at: NOON - 10 });
    await book({ id: "left out by the limit", at: NOON - 3 });
    await book({ id: "failed", at: NOON, status: "error" });
    await book({ id: "second", at: NOON, usage, expectedNanoUsd: 900, model: "gpt-5-2026", requestedModel: "gpt-5" });
    await book({ id: "first", at: NOON - 1, tool: null, provider: "vllm" });
    const [first, second, ...more] = ledger.lessons(NOON - 5, 2);
    assert.deepEqual([first?.provider, first?.tool, first?.expectedNanoUsd, more], ["vllm", null, undefined, []]);
    const { outputTokens, inputTokens, cachedInputTokens } = second?.usage ?? {};
    assert.deepEqual([inputTokens, cachedInputTokens, outputTokens], [9_000, 8_000, 7]);
    assert.deepEqual([second?.model, second?.requestedModel, second?.expectedNanoUsd], ["gpt-5-2026", "gpt-5", 900]);
  });

  it("counts a call in the time it started, to the millisecond", async () => {
    await book({ id: "before", at: NOON - 1, costNanoUsd: 1 });
    await book({ id: "first", at: NOON, costNanoUsd: 20 });
    await book({ id: "last", at: NOON + BUCKET_MS * 2 + 4, costNanoUsd: 300 });
    assert.equal(ledger.totals(NOON, null).costNanoUsd, 320);
    assert.equal(ledger.totals(null, NOON).costNanoUsd, 1);
    assert.equal(ledger.totals(NOON, NOON + BUCKET_MS * 2 + 4).costNanoUsd, 20);
    assert.equal(ledger.totals(NOON - 1, NOON + BUCKET_MS * 2 + 5).costNanoUsd, 321);
    assert.equal(ledger.totals(NOON - 1, NOON).costNanoUsd, 1);
    assert.equal(ledger.totals(NOON + 1, NOON + 1).calls, 0);
  });

  it("counts refused calls apart and keeps why they were refused", async () => {
    const call = sampleCall({ status: "refused", costNanoUsd: 0 });
    await ledger.append({ type: "call.refused", call, refusal: SAMPLE_REFUSAL });
    await book({ id: "call-2" });
    const { total } = ledger.summary("day", null, null, "UTC");
    assert.deepEqual([total.calls, total.refused, total.costNanoUsd], [1, 1, 1_000]);
    assert.deepEqual(ledger.refusalOf("call-1"), SAMPLE_REFUSAL);
  });

  it("finds what a scope covers, by the model asked for or the one that served", async () => {
    await book({ id: "1", costNanoUsd: 1, model: "gpt-5-2026-08-01", requestedModel: "gpt-5", tags: ["ci", "night"] });
    await book({ id: "2", costNanoUsd: 20, model: "claude", provider: "anthropic", project: null });
    await ledger.append({
      type: "compute.accrued",
      accrual: { provider: "vllm", from: NOON, to: NOON + 5, costNanoUsd: 300 },
    });
    const spent = (scope: Parameters<Ledger["spentIn"]>[0]) => ledger.spentIn(scope, NOON, NOON + BUCKET_MS);
    assert.equal(spent({}), 321);
    assert.equal(spent({ model: "gpt-5" }), 1);
    assert.equal(spent({ model: "gpt-5-2026-*" }), 1);
    assert.equal(spent({ provider: "*" }), 321);
    assert.equal(spent({ provider: "vllm" }), 300);
    assert.equal(spent({ provider: "vllm", tool: "codex" }), 0);
    assert.equal(spent({ project: "w*" }), 1);
    assert.equal(spent({ tag: "nigh?" }), 0);
    assert.equal(spent({ tag: "n*t", provider: "openai" }), 1);
  });

  it("sums days of the local clock, compute hours included", async () => {
    const midnight = Date.UTC(2026, 10, 21, 18, 15); // in Kathmandu, 5:45 ahead
    await book({ id: "1", at: midnight - 1, costNanoUsd: 1 });
    await book({ id: "2", at: midnight, costNanoUsd: 20, latencyMs: 100, firstTokenMs: null });
    await book({ id: "3", at: midnight + 5, costNanoUsd: 0, latencyMs: 200, costBasis: "unpriced", status: "error" });
    await ledger.append({
      type: "compute.accrued",
      accrual: { provider: "vllm", from: midnight, to: midnight + 5, costNanoUsd: 300 },
    });
    const { groups, total, computeNanoUsd } = ledger.summary("day", null, null, "Asia/Kathmandu");
    assert.deepEqual(
      groups.map(({ key, costNanoUsd, calls, errors, unpricedCalls }) => [
        key,
        costNanoUsd,
        calls,
        errors,
        unpricedCalls,
      ]),
      [
        ["2026-11-21", 1, 1, 0, 0],
        ["2026-11-22", 320, 2, 1, 1],
      ],
    );
    assert.equal(groups[1]?.averageLatencyMs, 150);
    assert.equal(groups[1]?.averageFirstTokenMs, 120);
    const p95 = groups[1]?.p95LatencyMs ?? 0;
    assert.ok(Math.abs(p95 - 200) <= 10, `${p95}`);
    assert.deepEqual([total.costNanoUsd, computeNanoUsd], [321, 300]);
    assert.deepEqual(
      ledger.spendByPeriod([midnight - 86_400_000, midnight]).map(({ costNanoUsd }) => costNanoUsd),
      [1, 320],
    );
    assert.deepEqual(ledger.accruedByProvider(midnight, null), new Map([["vllm", 300]]));
    assert.deepEqual(ledger.lastAccrual("vllm"), {
      provider: "vllm",
      from: midnight,
      to: midnight + 5,
      costNanoUsd: 300,
    });
  });

  it("turns pages that neither repeat nor miss a call while others are booked", async () => {
    for (let index = 0; index < 10; index += 1) {
      await book({ id: `call-${index}`, at: NOON + Math.floor(index / 4), tags: index % 2 === 0 ? ["even"] : [] });
    }
    const first = ledger.callsPage({}, null, 4);
    await book({ id: "later", at: NOON + 50 });
    const second = ledger.callsPage({}, first.nextCursor, 4);
    const third = ledger.callsPage({}, second.nextCursor, 4);
    assert.deepEqual(
      [first, second, third].map(({ calls }) => calls.map(({ id }) => id.slice(5)).join("")),
      ["9876", "5432", "10"],
    );
    assert.equal(third.nextCursor, null);
    assert.deepEqual(
      ledger.callsPage({ tag: "even", since: NOON + 1 }, null, 9).calls.map(({ id }) => id),
      ["call-8", "call-6", "call-4"],
    );
    assert.throws(() => ledger.callsPage({}, "nonsense", 4), RangeError);
    assert.deepEqual([...ledger.exportCalls(NOON + 1, NOON + 3)].map(({ id }) => id.slice(5)).join(""), "456789");
  });

  it("exports more calls than a page holds, each once", async () => {
    await Promise.all(Array.from({ length: 1_201 }, (_, index) => book({ id: `${index}`, at: NOON + (index % 7) })));
    const ids = [...ledger.exportCalls(null, null)].map(({ id }) => id);
    assert.equal(ids.length, 1_201);
    assert.equal(new Set(ids).size, 1_201);
  });

  it("keeps decisions until they end, are used up, or the budget changes", async () => {
    const decide = (id: string, kind: "raise" | "allow-once", until: number | null) =>
      ledger.append({
        type: "budget.decided",
        decision: { id, budget: "month", kind, limitNanoUsd: kind === "raise" ? 7 : null, until, by: "ann", why: null },
      });
    await decide("raise", "raise", NOON + 100);
    await decide("once", "allow-once", null);
    await decide("twice", "allow-once", null);
    const active = (at: number) => ledger.activeDecisions(at).map(({ id }) => id);
    assert.deepEqual(active(NOON), ["raise", "once", "twice"]);
    assert.deepEqual(active(NOON + 100), ["once", "twice"]);
    ledger.appendSoon({ type: "call.held", held: sampleHeld({ allowedBy: ["month"] }) });
    assert.deepEqual(active(NOON), ["raise", "twice"]);
    const changed = (name: string, budget: Budget | null) =>
      ledger.append({ type: "budget.changed", name, budget, by: "ann" });
    await changed("month", budgetSchema.parse({ name: "month", limitUsd: 9, window: "month" }));
    assert.deepEqual(active(NOON), ["twice"]);
    await changed("another", null);
    assert.deepEqual(active(NOON), ["twice"]);
    await changed("month", null);
    assert.deepEqual(active(NOON), []);
  });

  it("tells which calls were under way when the last sidecar ended", async () => {
    ledger.appendSoon({ type: "call.held", held: sampleHeld({ id: "done" }) });
    clock += 5;
    ledger.appendSoon({ type: "call.held", held: sampleHeld({ id: "open" }) });
    await book({ id: "done" });
    assert.deepEqual(ledger.openHolds(), []);
    await ledger.close();
    ledger = await open();
    ledger.appendSoon({ type: "call.held", held: sampleHeld({ id: "new" }) });
    assert.deepEqual(ledger.openHolds(), [{ held: sampleHeld({ id: "open" }), at: NOON + 5 }]);
    await book({ id: "open", status: "interrupted" });
    assert.deepEqual(ledger.openHolds(), []);
  });

  it("tells subscribers every event in order, appended ones only when they are on the disk", async () => {
    const told: TollgateEvent[] = [];
    ledger.subscribe((event) => told.push(event));
    ledger.appendSoon({ type: "call.held", held: sampleHeld() });
    assert.deepEqual(
      told.map(({ seq }) => seq),
      [1],
    );
    const appended = book({});
    ledger.appendSoon({ type: "call.held", held: sampleHeld({ id: "call-2" }) });
    assert.deepEqual(
      told.map(({ seq }) => seq),
      [1],
    );
    await appended;
    assert.deepEqual(
      told.map(({ seq, type }) => `${seq} ${type}`),
      ["1 call.held", "2 call.settled", "3 call.held"],
    );
  });

  it("goes on with its numbers and its sums after a restart, from snapshot or journal alone", async () => {
    await book({});
    await ledger.close();
    ledger = await open();
    assert.equal(ledger.recovery.replayed, 0);
    await book({ id: "call-2" });
    await ledger.close();
    fs.remove("/data/ledger.sqlite");
    fs.remove("/data/ledger.previous.sqlite");
    ledger = await open();
    assert.deepEqual(ledger.totals(null, null), { costNanoUsd: 2_000, calls: 2 });
    const event = await ledger.append({ type: "price.changed", by: "ann" });
    assert.equal(event.seq, 3);
    assert.deepEqual(ledger.notices, []);
  });
});
