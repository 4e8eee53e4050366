import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { type Scope, scopeMatches } from "../../src/domain/budget.ts";
import type { Call } from "../../src/domain/call.ts";
import type { Accrual } from "../../src/domain/compute/computeEvents.ts";
import type { NewEvent } from "../../src/domain/events.ts";
import { BUCKET_MS, bucketOf, DAY_MS } from "../../src/ledger/figures.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { FakeFileSystem } from "./fakeFileSystem.ts";
import { NOON, SAMPLE_REFUSAL, sampleCall, sampleHeld } from "./samples.ts";

/** Two days and some quarter hours. */
const SPAN = 2 * DAY_MS + 5 * BUCKET_MS;
const time = fc.oneof(
  fc.integer({ min: NOON - 10, max: NOON + SPAN }),
  fc.integer({ min: 0, max: SPAN / BUCKET_MS }).map((quarters) => NOON + quarters * BUCKET_MS),
);
const cost = fc.integer({ min: 0, max: 2 ** 42 });
const oneOf = <T>(...values: T[]) => fc.constantFrom(...values);

/** Sessions are named as projects, and must have the same figures, though they are summed another way. */
const calls = fc
  .record({
    id: fc.integer({ min: 1, max: 12 }).map(String),
    at: time,
    provider: oneOf("openai", "vllm"),
    model: oneOf("gpt-5", "gpt-5-mini", "llama"),
    requestedModel: oneOf("gpt-5", "auto"),
    project: oneOf("web", "api", null),
    tool: oneOf("codex", null),
    tags: fc.uniqueArray(oneOf("ci", "night", "web"), { maxLength: 2 }),
    status: oneOf<Call["status"]>("ok", "error", "cancelled", "interrupted"),
    latencyMs: fc.integer({ min: 0, max: 90_000 }),
    firstTokenMs: fc.option(fc.integer({ min: 0, max: 9_000 })),
    costNanoUsd: cost,
    costBasis: oneOf<Call["costBasis"]>("catalog", "unpriced"),
    usageBasis: oneOf<Call["usageBasis"]>("reported", "estimated"),
  })
  .map((call) => ({ ...call, sessionId: call.project }));

const events: fc.Arbitrary<NewEvent> = fc.oneof(
  { weight: 5, arbitrary: calls.map((call): NewEvent => ({ type: "call.settled", call: sampleCall(call) })) },
  {
    weight: 1,
    arbitrary: calls.map(
      (call): NewEvent => ({
        type: "call.refused",
        call: sampleCall({ ...call, status: "refused", costNanoUsd: 0 }),
        refusal: SAMPLE_REFUSAL,
      }),
    ),
  },
  { weight: 2, arbitrary: calls.map(({ id }): NewEvent => ({ type: "call.held", held: sampleHeld({ id }) })) },
  {
    weight: 1,
    arbitrary: fc.record({ from: time, costNanoUsd: cost }).map(
      ({ from, costNanoUsd }): NewEvent => ({
        type: "compute.accrued",
        accrual: { provider: "vllm", from, to: from + 30_000, costNanoUsd },
      }),
    ),
  },
);

const scopes: fc.Arbitrary<Scope> = fc.record(
  {
    project: oneOf("web", "*"),
    provider: oneOf("openai", "v*"),
    model: oneOf("gpt-5", "gpt-*", "auto", "*"),
    tag: oneOf("ci", "*"),
  },
  { requiredKeys: [] },
);

/** What the books must say, the plain way. */
class PlainBooks {
  readonly calls = new Map<string, Call>();
  readonly accruals: Accrual[] = [];
  readonly holds = new Set<string>();

  add(event: NewEvent): void {
    if (event.type === "call.held") {
      if (!this.calls.has(event.held.id)) {
        this.holds.add(event.held.id);
      }
    } else if (event.type === "compute.accrued") {
      this.accruals.push(event.accrual);
    } else if (event.type === "call.settled" || event.type === "call.refused") {
      const before = this.calls.get(event.call.id);
      if (before === undefined || (before.status === "interrupted" && event.call.status !== "interrupted")) {
        this.calls.set(event.call.id, event.call);
      }
      this.holds.delete(event.call.id);
    }
  }

  within(from: number, to: number): Call[] {
    return [...this.calls.values()].filter(({ startedAt }) => isWithin(Date.parse(startedAt), from, to));
  }

  spentIn(scope: Scope, from: number, to: number): number {
    const ofCalls = this.within(from, to).filter(
      (call) => scopeMatches(scope, call) || scopeMatches(scope, { ...call, model: call.requestedModel }),
    );
    const ofCompute = this.accruals.filter(
      (accrual) =>
        isWithin(bucketOf(accrual.from), from, to) &&
        scopeMatches(scope, { provider: accrual.provider, model: "", tags: [] }),
    );
    return [...ofCalls, ...ofCompute].reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0);
  }
}

function isWithin(at: number, from: number, to: number): boolean {
  return at >= from && at < to;
}

describe("the projection", function () {
  this.timeout(180_000);

  it("equals a rebuild from the journal and the plain sums, for any events, scopes and ranges", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(events, { minLength: 1, maxLength: 60, size: "max" }),
        fc.array(fc.tuple(scopes, time, time), { minLength: 5, maxLength: 5 }),
        async (list, questions) => {
          const fs = new FakeFileSystem();
          const open = () => Ledger.open({ dir: "/data", now: () => NOON, fs });
          const grown = await open();
          const plain = new PlainBooks();
          for (const [index, event] of list.entries()) {
            const appended = grown.append(event);
            plain.add(event);
            if (index % 7 === 0) {
              await appended;
              grown.totals(null, null); // applies what there is: batches of several sizes
            }
          }
          await grown.flush();
          const answers = (ledger: Ledger) => ({
            spent: questions.map(([scope, from, to]) => ledger.spentIn(scope, from, to)),
            totals: questions.map(([, from, to]) => ledger.totals(from, to)),
            days: questions.map(([, from, to]) => ledger.summary("day", from, to, "Asia/Kolkata")),
            models: questions.map(([, from, to]) => ledger.summary("model", from, to, "UTC")),
            tags: ledger.summary("tag", null, null, "UTC"),
            sessions: questions.map(([, from, to]) => ledger.summary("session", from, to, "UTC")),
            page: ledger.callsPage({}, null, 100),
            exported: [...ledger.exportCalls(null, null)],
          });
          const before = answers(grown);
          const projects = questions.map(([, from, to]) => grown.summary("project", from, to, "UTC"));
          await grown.close();

          assert.deepEqual(
            before.sessions,
            projects.map((summary) => ({ ...summary, by: "session" })),
          );
          assert.deepEqual(
            before.spent,
            questions.map(([scope, from, to]) => plain.spentIn(scope, from, to)),
          );
          for (const [index, [, from, to]] of questions.entries()) {
            const within = plain.within(from, to);
            const passed = within.filter(({ status }) => status !== "refused");
            const { total, groups } = before.days[index] as (typeof before.days)[number];
            assert.equal(before.totals[index]?.costNanoUsd, plain.spentIn({}, from, to));
            assert.equal(before.totals[index]?.calls, passed.length);
            assert.equal(total.errors, within.filter(({ status }) => status === "error").length);
            assert.equal(total.refused, within.length - passed.length);
            assert.equal(
              total.inputTokens,
              passed.reduce((sum, { usage }) => sum + usage.inputTokens, 0),
            );
            assert.equal(
              total.costNanoUsd,
              groups.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0),
            );
            assertLatencies(passed, total);
          }
          assert.deepEqual(new Map(before.exported.map((call) => [call.id, call])), plain.calls);

          for (const name of ["ledger.sqlite", "ledger.previous.sqlite"]) {
            fs.remove(`/data/${name}`);
          }
          const rebuilt = await open();
          assert.equal(rebuilt.recovery.replayed, list.length);
          assert.deepEqual(answers(rebuilt), before);
          assert.deepEqual(new Set(rebuilt.openHolds().map(({ held }) => held.id)), plain.holds);
          await rebuilt.close();
          const loaded = await open();
          assert.equal(loaded.recovery.replayed, 0);
          assert.deepEqual(answers(loaded), before);
          await loaded.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  it("is a database that SQLite itself opens and finds whole, with every call in plain columns", async function () {
    const dir = mkdtempSync(join(tmpdir(), "tollgate-sqlite-"));
    try {
      const ledger = await Ledger.open({ dir, now: () => NOON });
      const call = sampleCall({ tags: ["ci"], costNanoUsd: 5_000_000_001, expectedNanoUsd: 4_000 });
      await ledger.append({ type: "call.settled", call });
      await ledger.close();
      const sqlite = sqliteOfNode();
      if (sqlite === null) {
        this.skip();
      }
      const database = new sqlite.DatabaseSync(join(dir, "ledger.sqlite"), { readOnly: true });
      assert.deepEqual({ ...database.prepare("PRAGMA integrity_check").get() }, { integrity_check: "ok" });
      const row = database
        .prepare(
          "SELECT id, started_at, model, tags, cost_nano_usd, cost_usd, expected_nano_usd, output_tokens, rates FROM calls",
        )
        .get();
      assert.deepEqual(
        { ...row },
        {
          id: "call-1",
          started_at: call.startedAt,
          model: "gpt-5",
          tags: '["ci"]',
          cost_nano_usd: 5_000_000_001,
          cost_usd: 5.000000001,
          expected_nano_usd: 4_000,
          output_tokens: 20,
          rates: JSON.stringify(call.rates),
        },
      );
      database.close();
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

function assertLatencies(
  passed: readonly Call[],
  total: { averageLatencyMs: number | null; p95LatencyMs: number | null; averageFirstTokenMs: number | null },
): void {
  const latencies = passed
    .filter(({ status }) => status !== "interrupted")
    .map(({ latencyMs }) => latencyMs)
    .sort((a, b) => a - b);
  if (latencies.length === 0) {
    assert.deepEqual([total.averageLatencyMs, total.p95LatencyMs], [null, null]);
    return;
  }
  const mean = latencies.reduce((sum, ms) => sum + ms, 0) / latencies.length;
  assert.ok(Math.abs((total.averageLatencyMs as number) - mean) <= 0.051);
  const p95 = latencies[Math.ceil(latencies.length * 0.95) - 1] as number;
  assert.ok(Math.abs((total.p95LatencyMs as number) - p95) <= 1 + p95 * 0.05, `${total.p95LatencyMs} for ${p95}`);
}

function sqliteOfNode(): typeof import("node:sqlite") | null {
  try {
    return createRequire(import.meta.url)("node:sqlite") as typeof import("node:sqlite");
  } catch {
    return null;
  }
}
