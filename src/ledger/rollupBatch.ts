import type { Call } from "../domain/call.ts";
import type { LedgerDatabase } from "./database.ts";
import {
  addFigures,
  addLatencies,
  BUCKET_MS,
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
const STATEMENTS = { "": statements("rollups"), day_: statements("day_rollups") };

/** One size of rollup: its tables, and what a batch adds to them, so that each row is written once a batch. */
class Tier {
  readonly #lengthMs: number;
  readonly #statements: ReturnType<typeof statements>;
  readonly #rollups = new Map<string, Rollup>();

  constructor(prefix: "" | "day_", lengthMs: number) {
    this.#lengthMs = lengthMs;
    this.#statements = STATEMENTS[prefix];
  }

  add(call: Call, keyId: number, times: 1 | -1): void {
    const bucket = bucketOf(Date.parse(call.startedAt), this.#lengthMs);
    const name = `${bucket} ${keyId}`;
    let rollup = this.#rollups.get(name);
    if (rollup === undefined) {
      rollup = { bucket, keyId, figures: { ...NO_FIGURES }, steps: new Map() };
      this.#rollups.set(name, rollup);
    }
    addFigures(rollup.figures, figuresOf(call), times);
    if (hasLatency(call)) {
      const step = latencyStep(call.latencyMs);
      rollup.steps.set(step, (rollup.steps.get(step) ?? 0) + times);
    }
  }

  write(database: LedgerDatabase): void {
    for (const { bucket, keyId, figures, steps } of this.#rollups.values()) {
      const before = database.get(this.#statements.latencies, [bucket, keyId]);
      if (before !== null) {
        addLatencies(steps, String(before.latencies));
      }
      database.run(this.#statements.add, [
        bucket,
        keyId,
        latenciesText(steps),
        ...FIGURES.map((figure) => figures[figure]),
      ]);
    }
  }
}

/** Gathers what a batch of calls adds to the rollups. */
export class RollupBatch {
  readonly #tiers = [new Tier("", BUCKET_MS), new Tier("day_", DAY_MS)];

  /** A call belongs to the time it started, whenever it is settled. */
  add(call: Call, keyId: number, times: 1 | -1): void {
    for (const tier of this.#tiers) {
      tier.add(call, keyId, times);
    }
  }

  write(database: LedgerDatabase): void {
    for (const tier of this.#tiers) {
      tier.write(database);
    }
  }
}
