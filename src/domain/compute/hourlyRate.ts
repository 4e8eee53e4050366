import { momentOf } from "../moment.ts";
import { type NanoUsd, nanoFromUsd, usdFromNano } from "../money.ts";
import type { ComputePricing } from "./computePricing.ts";

export const HOUR_MS = 3_600_000;

/** A rate that holds from a time on (ms since the epoch), in nano-USD for an hour. */
interface RateStep {
  readonly from: number;
  readonly nanoPerHour: NanoUsd;
}

/** What an hour of a server costs at each time, by its pricing. */
export class HourlyRate {
  /** In order of their beginning; the first one has none. */
  readonly #steps: readonly RateStep[];

  /** Days begin by the clock of `timeZone`, an IANA name. */
  constructor(pricing: ComputePricing, timeZone: string) {
    let { hourlyRateUsd, gpus = 1, extraHourlyUsd = 0 } = pricing;
    const nanoPerHour = () => nanoFromUsd(hourlyRateUsd) * gpus + nanoFromUsd(extraHourlyUsd);
    const steps: RateStep[] = [{ from: Number.NEGATIVE_INFINITY, nanoPerHour: nanoPerHour() }];
    const changes = (pricing.rates ?? []).map((change) => ({ ...change, at: momentOf(change.from, timeZone) }));
    for (const change of changes.toSorted((a, b) => a.at - b.at)) {
      hourlyRateUsd = change.hourlyRateUsd ?? hourlyRateUsd;
      gpus = change.gpus ?? gpus;
      extraHourlyUsd = change.extraHourlyUsd ?? extraHourlyUsd;
      steps.push({ from: change.at, nanoPerHour: nanoPerHour() });
    }
    this.#steps = steps;
  }

  /** Nano-USD for an hour at `atMs`, ms since the epoch. */
  at(atMs: number): NanoUsd {
    return (this.#steps.findLast(({ from }) => from <= atMs) as RateStep).nanoPerHour;
  }

  /** The same in decimal USD, for people. */
  usdAt(atMs: number): number {
    return usdFromNano(this.at(atMs));
  }

  /** When the rate changes next after `atMs`; null where it does not. */
  nextChange(atMs: number): number | null {
    return this.#steps.find(({ from }) => from > atMs)?.from ?? null;
  }

  /** What the time from `from` to `to` (ms since the epoch) costs, exactly: nano-USD an hour × ms. */
  exactBetween(from: number, to: number): bigint {
    let sum = 0n;
    for (const [index, step] of this.#steps.entries()) {
      const start = Math.max(from, step.from);
      const end = Math.min(to, this.#steps[index + 1]?.from ?? to);
      if (end > start) {
        sum += BigInt(end - start) * BigInt(step.nanoPerHour);
      }
    }
    return sum;
  }
}
