import type { Call } from "../domain/call.ts";
import type { NanoUsd } from "../domain/money.ts";
import type { LedgerDatabase } from "./database.ts";
import {
  addFigures,
  addLatencies,
  bucketOf,
  DAY_MS,
  FIGURES,
  type Figures,
  figuresOf,
  hasLatency,
  latenciesText,
  latencyStep,
  NO_FIGURES,
} from "./figures.ts";

interface Rollup {
  readonly bucket: number;
  readonly keyId: number;
  readonly figures: Figures;
  /** Calls by latency step. */
  readonly steps: Map<number, number>;
}

const statements = (table: string) => ({
  latencies: `SELECT latencies FROM ${table} WHERE bucket = ? AND key_id = ?`,
  add: `INSERT INTO ${table} (bucket, key_id, latencies, ${FIGURES.join(", ")})
    VALUES (?, ?, ?, ${FIGURES.map(() => "?").join(", ")})
    ON CONFLICT (bucket, key_id) DO UPDATE SET latencies = excluded.latencies,
      ${FIGURES.map((name) => `${name} = ${name} + excluded.${name}`).join(", ")}`,
});
const QUARTER_HOURS = statements("rollups");
const DAYS = statements("day_rollups");

/** Gathers what many calls add to the rollups, so that each row is written once for all of them. */
export class RollupBatch {
  readonly #quarterHours = new Map<string, Rollup>();

  get isEmpty(): boolean {
    return this.#quarterHours.size === 0;
  }

  /** Adds all that another has gathered. */
  add(other: RollupBatch): void {
    for (const { bucket, keyId, figures, steps } of other.#quarterHours.values()) {
      addRollup(rollupAt(this.#quarterHours, bucket, keyId), figures, steps);
    }
  }

  /** A call belongs to the time it started, whenever it is settled. */
  addCall(call: Call, keyId: number, times: 1 | -1): void {
    const { figures, steps } = rollupAt(this.#quarterHours, bucketOf(Date.parse(call.startedAt)), keyId);
    addFigures(figures, figuresOf(call), times);
    if (hasLatency(call)) {
      addCalls(steps, latencyStep(call.latencyMs), times);
    }
  }

  /** A booked call has a share of what its server cost by the hour. */
  addShare(call: Call, keyId: number, costNanoUsd: NanoUsd): void {
    rollupAt(this.#quarterHours, bucketOf(Date.parse(call.startedAt)), keyId).figures.compute_nano_usd += costNanoUsd;
  }

  write(database: LedgerDatabase): void {
    const days = new Map<string, Rollup>();
    for (const rollup of this.#quarterHours.values()) {
      const day = rollupAt(days, bucketOf(rollup.bucket, DAY_MS), rollup.keyId);
      addRollup(day, rollup.figures, rollup.steps);
      writeRollup(database, QUARTER_HOURS, rollup);
    }
    for (const day of days.values()) {
      writeRollup(database, DAYS, day);
    }
  }
}

function rollupAt(rollups: Map<string, Rollup>, bucket: number, keyId: number): Rollup {
  const name = `${bucket} ${keyId}`;
  let rollup = rollups.get(name);
  if (rollup === undefined) {
    rollup = { bucket, keyId, figures: { ...NO_FIGURES }, steps: new Map() };
    rollups.set(name, rollup);
  }
  return rollup;
}

function addRollup(sum: Rollup, figures: Figures, steps: ReadonlyMap<number, number>): void {
  addFigures(sum.figures, figures);
  for (const [step, calls] of steps) {
    addCalls(sum.steps, step, calls);
  }
}

function addCalls(steps: Map<number, number>, step: number, calls: number): void {
  steps.set(step, (steps.get(step) ?? 0) + calls);
}

function writeRollup(database: LedgerDatabase, sql: ReturnType<typeof statements>, rollup: Rollup): void {
  const { bucket, keyId, figures, steps } = rollup;
  const before = database.get(sql.latencies, [bucket, keyId]);
  if (before !== null) {
    addLatencies(steps, String(before.latencies));
  }
  database.run(sql.add, [bucket, keyId, latenciesText(steps), ...FIGURES.map((figure) => figures[figure])]);
}
