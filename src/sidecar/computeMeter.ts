import type { Config, Provider } from "../domain/config.ts";
import { NANO_PER_USD, type NanoUsd } from "../domain/money.ts";
import { askHealth } from "./providerHealth.ts";

const HOUR_MS = 3_600_000;

/** A compute-hour provider as its meter stands. Times are ms since the epoch. */
export interface MeterState {
  readonly up: boolean;
  readonly upSince: number | null;
  readonly detail: string;
}

export interface ComputeMeterOptions {
  readonly config: () => Config;
  readonly now: () => number;
  accrue(provider: string, from: number, to: number, costNanoUsd: NanoUsd): Promise<void>;
  changed(provider: string, up: boolean, detail: string): Promise<void>;
  readonly log: (message: string) => void;
}

interface Meter {
  up: boolean;
  upSince: number;
  /** Until when the time has been charged. */
  chargedUntil: number;
  detail: string;
}

/**
 * The cost of `from` to `to` at an hourly rate, as a part of the whole since `start`: the parts of an uptime add up to
 * exactly uptime × rate, rounded down to the nano-USD.
 */
export function accruedBetween(start: number, from: number, to: number, hourlyRateUsd: number): NanoUsd {
  const rate = BigInt(Math.round(hourlyRateUsd * NANO_PER_USD));
  const until = (at: number) => (BigInt(at - start) * rate) / BigInt(HOUR_MS);
  return Number(until(to) - until(from));
}

/** Asks compute-hour providers whether they are up and charges the time between two answers that they were. */
export class ComputeMeter {
  readonly #options: ComputeMeterOptions;
  readonly #meters = new Map<string, Meter>();
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(options: ComputeMeterOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#round();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
    }
  }

  stateOf(provider: string): MeterState {
    const meter = this.#meters.get(provider);
    return meter === undefined
      ? { up: false, upSince: null, detail: "not asked yet" }
      : { up: meter.up, upSince: meter.up ? meter.upSince : null, detail: meter.detail };
  }

  async #round(): Promise<void> {
    const { providers, healthIntervalMs } = this.#options.config();
    const metered = Object.entries(providers).filter(([, provider]) => provider.pricing.kind === "compute-hour");
    try {
      await Promise.all(
        metered.map(([name, provider]) =>
          provider.pricing.kind === "compute-hour"
            ? this.#ask(name, provider, provider.pricing.hourlyRateUsd, healthIntervalMs)
            : undefined,
        ),
      );
    } catch (error) {
      this.#options.log(`Compute hours could not be booked: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (!this.#stopped) {
      this.#timer = setTimeout(() => void this.#round(), healthIntervalMs);
      this.#timer.unref();
    }
  }

  async #ask(name: string, provider: Provider, hourlyRateUsd: number, intervalMs: number): Promise<void> {
    const { now } = this.#options;
    const asked = now();
    const health = await askHealth(provider, Math.max(1_000, Math.min(intervalMs, 5_000)));
    const before = this.#meters.get(name);
    if (!health.up) {
      this.#meters.set(name, { up: false, upSince: 0, chargedUntil: 0, detail: health.detail });
      if (before?.up) {
        await this.#options.changed(name, false, health.detail);
      }
      return;
    }
    if (before === undefined || !before.up) {
      this.#meters.set(name, { up: true, upSince: asked, chargedUntil: asked, detail: health.detail });
      await this.#options.changed(name, true, health.detail);
      return;
    }
    const from = before.chargedUntil;
    if (asked - from > intervalMs * 3 + 10_000 || asked < from) {
      // The machine slept or its clock was set: whether the server was up meanwhile is not known, so it is not charged.
      this.#meters.set(name, { ...before, upSince: asked, chargedUntil: asked });
      return;
    }
    const cost = accruedBetween(before.upSince, from, asked, hourlyRateUsd);
    this.#meters.set(name, { ...before, chargedUntil: asked, detail: health.detail });
    if (asked > from) {
      await this.#options.accrue(name, from, asked, cost);
    }
  }
}
