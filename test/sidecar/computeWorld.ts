import type { Accrual, Sharing, UnknownTime } from "../../src/domain/compute/computeEvents.ts";
import type { ComputePricing } from "../../src/domain/compute/computePricing.ts";
import { HourlyRate } from "../../src/domain/compute/hourlyRate.ts";
import { parseConfig } from "../../src/domain/config.ts";
import type { TollgateEvent } from "../../src/domain/events.ts";
import { Gate } from "../../src/domain/gate.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { ComputeMeter } from "../../src/sidecar/compute/computeMeter.ts";
import { CostSharer } from "../../src/sidecar/compute/costSharer.ts";
import { restoredState } from "../../src/sidecar/compute/restoredState.ts";
import { Gatekeeper } from "../../src/sidecar/gatekeeper.ts";
import { Turn } from "../../src/sidecar/turn.ts";
import { FakeFileSystem } from "../ledger/fakeFileSystem.ts";
import { sampleCall, sampleHeld } from "../ledger/samples.ts";

export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** 2026-11-01T00:00:00Z. */
export const START = Date.UTC(2026, 10, 1);
const calendar = { timeZone: "UTC", weekStartsOn: 1 };

interface Incarnation {
  readonly ledger: Ledger;
  readonly gate: Gate;
  readonly meter: ComputeMeter;
  readonly sharer: CostSharer;
  readonly stopHearing: () => void;
}

/** A server that costs by the hour, the part of a sidecar that meters it, and a clock that a test moves. */
export class ComputeWorld {
  readonly intervalMs: number;
  readonly pricing: ComputePricing;
  /** The time that has truly passed; this machine's clock shows it with what it was set by. */
  now = START;
  clockSetBy = 0;
  hasMetrics = true;
  reachable = true;
  /** By how much the start that the server tells is later than it was. */
  clockAheadMs = 0;
  /** Whether the server has a clock of its own, so that this machine reckons its start anew when its own clock is set. */
  startMovesWithClock = false;
  /** Since when the server runs; null: it does not. */
  runsSince: number | null = null;
  /** The server's true times up, the present one not among them. */
  readonly ended: Array<{ readonly from: number; readonly to: number }> = [];
  /** The starts of those times up that a look found. */
  readonly found = new Set<number>();
  readonly accruals: Accrual[] = [];
  readonly unknown: UnknownTime[] = [];
  readonly sharings: Sharing[] = [];
  #fs = new FakeFileSystem();
  #alive: Incarnation | null = null;
  #calls = 0;

  constructor(pricing: Partial<ComputePricing> = {}, intervalMs = 15_000) {
    this.pricing = { kind: "compute-hour", hourlyRateUsd: 0.16, ...pricing };
    this.intervalMs = intervalMs;
  }

  get ledger(): Ledger {
    return this.sidecar.ledger;
  }

  get sidecar(): Incarnation {
    if (this.#alive === null) {
      throw new Error("No sidecar runs");
    }
    return this.#alive;
  }

  get rate(): HourlyRate {
    return new HourlyRate(this.pricing, "UTC");
  }

  async start(): Promise<void> {
    const config = parseConfig({
      providers: { vllm: { protocol: "openai", baseUrl: "http://127.0.0.1:1/v1", pricing: this.pricing } },
      budgets: [
        { name: "hour", limitUsd: 1_000, window: "hour" },
        { name: "month", limitUsd: 1_000, window: "month" },
        { name: "total", limitUsd: 100_000, window: "total", scope: { provider: "vllm" } },
      ],
      healthIntervalMs: this.intervalMs,
      timeZone: "UTC",
    });
    const now = () => this.now + this.clockSetBy;
    const ledger = await Ledger.open({ dir: "/data", now, fs: this.#fs, segmentBytes: 65_536 });
    const gate: Gate = new Gate({
      calendar,
      settings: () => config.gate,
      spentOf: (budget, window) => gatekeeper.spentOf(budget, window),
    });
    const gatekeeper = new Gatekeeper({ gate, ledger, now, waitMs: () => 0, turn: new Turn(() => 0), timeZone: "UTC" });
    gate.setBudgets(config.budgets, this.now);
    const log = (message: string) => {
      if (!message.startsWith("The clock was set")) {
        throw new Error(message);
      }
    };
    const stopHearing = ledger.subscribe((event) => this.#hear(event));
    const meter = new ComputeMeter({
      config: () => config,
      calendar: () => calendar,
      now,
      steady: () => this.now,
      restore: (provider) => restoredState(ledger, provider),
      accrue: (accruals) => gatekeeper.accrue(accruals),
      unknown: (unknown) => gatekeeper.record({ type: "compute.unknown", unknown }),
      changed: (name, up, detail) => gatekeeper.record({ type: "provider.state", name, up, detail }),
      log,
      probe: () => ({ look: async () => this.#probe() }),
    });
    const sharer = new CostSharer({ ledger, now, log });
    sharer.start();
    this.#alive = { ledger, gate, meter, sharer, stopHearing };
  }

  /** Looks at the server until `ms` have passed. */
  async watch(ms: number): Promise<void> {
    const until = this.now + ms;
    while (this.now < until) {
      this.now = Math.min(this.now + this.intervalMs, until);
      await this.#alive?.meter.lookAtAll();
      this.#alive?.sharer.shareEnded();
    }
  }

  /** Ends as a user ends it. */
  async stop(): Promise<void> {
    const { ledger, meter, sharer } = this.sidecar;
    await meter.stop();
    sharer.stop();
    await ledger.append({ type: "sidecar.stopped", pid: 1 });
    await ledger.close();
    this.#alive = null;
  }

  /** Ends in the midst of things: only what has been written is left. */
  async crash(): Promise<void> {
    const { ledger, sharer, stopHearing } = this.sidecar;
    const left = this.#fs.afterKill();
    // What it still writes is not there for those who come after.
    stopHearing();
    sharer.stop();
    this.#alive = null;
    await ledger.close();
    this.#fs = left;
  }

  async end(): Promise<void> {
    if (this.#alive !== null) {
      await this.crash();
    }
  }

  serverStarts(): void {
    this.runsSince ??= this.now;
  }

  serverStops(): void {
    if (this.runsSince !== null) {
      this.ended.push({ from: this.runsSince, to: this.now });
      this.runsSince = null;
    }
  }

  /** A call that has just ended. */
  async call(ms: number, tokens: { prefill: number; decode: number }, project = "web"): Promise<void> {
    const end = this.beginCall(tokens, project, ms);
    await end();
  }

  /** A call that is under way, since `ms` ago; what it gives ends it. */
  beginCall(tokens: { prefill: number; decode: number }, project = "web", ms = 0): () => Promise<void> {
    this.#calls += 1;
    const id = `call-${this.#calls}`;
    const at = this.now - ms;
    const held = sampleHeld({
      id,
      provider: "vllm",
      model: "qwen",
      costBasis: "compute-hour",
      holdNanoUsd: 0,
      project,
    });
    this.ledger.appendSoon({ type: "call.held", held });
    return () => this.#endCall(id, at, tokens, project);
  }

  async #endCall(id: string, at: number, tokens: { prefill: number; decode: number }, project: string): Promise<void> {
    const ms = this.now - at;
    const call = sampleCall({
      id,
      at,
      provider: "vllm",
      model: "qwen",
      project,
      endedAt: new Date(this.now).toISOString(),
      latencyMs: ms,
      firstTokenMs: Math.floor(ms / 4),
      costNanoUsd: 0,
      costBasis: "compute-hour",
      usage: { ...sampleCall().usage, inputTokens: tokens.prefill, cachedInputTokens: 0, outputTokens: tokens.decode },
    });
    await this.ledger.append({ type: "call.settled", call });
  }

  #probe() {
    const up = this.reachable && this.runsSince !== null;
    if (up && this.runsSince !== null) {
      this.found.add(this.runsSince);
    }
    const moved = this.startMovesWithClock ? this.clockSetBy : 0;
    const ownStart = up && this.hasMetrics ? (this.runsSince ?? 0) + this.clockAheadMs + moved : null;
    return {
      at: this.now + this.clockSetBy,
      up,
      detail: up ? "answers /health" : "not reachable",
      ownStart,
      metrics: null,
    };
  }

  #hear(event: TollgateEvent): void {
    if (event.type === "compute.accrued") {
      this.accruals.push(event.accrual);
    } else if (event.type === "compute.unknown") {
      this.unknown.push(event.unknown);
    } else if (event.type === "compute.shared") {
      this.sharings.push(event.sharing);
    }
  }
}

/** As a sidecar does: it looks as soon as it runs, and when the machine wakes. */
export async function begin(world: ComputeWorld): Promise<void> {
  await world.start();
  await world.sidecar.meter.lookAtAll();
}

/** In ms, what rounds up units among it. */
export function charged({ accruals }: ComputeWorld): number {
  return accruals.reduce((sum, { from, to }) => sum + to - from, 0);
}
