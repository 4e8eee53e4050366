import { type AccrualFrame, accrualsOf } from "../../domain/compute/accruals.ts";
import { afterClockSet, clockSetBy } from "../../domain/compute/clockSet.ts";
import type { Accrual, UnknownTime } from "../../domain/compute/computeEvents.ts";
import type { ComputePricing } from "../../domain/compute/computePricing.ts";
import { HourlyRate } from "../../domain/compute/hourlyRate.ts";
import type { ServerMetrics } from "../../domain/compute/serverMetrics.ts";
import { USUAL_DECODE_WEIGHT } from "../../domain/compute/shares.ts";
import { type Charge, chargeSoFar, look, type ServerState, type UptimeRules } from "../../domain/compute/uptime.ts";
import type { Config, Provider } from "../../domain/config.ts";
import type { Calendar } from "../../domain/window.ts";
import { type LiveFigures, LiveServer } from "./liveServer.ts";
import type { Probe, ServerProbe } from "./serverProbe.ts";
import { requestLimitMs, uptimeRules } from "./uptimeRules.ts";

/** A compute-hour provider as its meter stands. Times are ms since the epoch. */
export interface MeterState {
  readonly up: boolean;
  readonly upSince: number | null;
  readonly detail: string;
  /** Whether its hours are known from its own start, or only from when it was seen. */
  readonly basis: "metrics" | "health";
  readonly live: LiveFigures | null;
}

export interface ComputeMeterOptions {
  readonly config: () => Config;
  readonly calendar: () => Calendar;
  readonly now: () => number;
  /** A clock in ms that nobody sets, and that goes on while the machine sleeps; where it begins does not matter. */
  readonly steady: () => number;
  /** What the books know of a server. */
  restore(provider: string): { readonly state: ServerState; readonly ahead: number };
  accrue(accruals: readonly Accrual[]): Promise<void>;
  unknown(unknown: UnknownTime): Promise<void>;
  changed(provider: string, up: boolean, detail: string): Promise<void>;
  readonly log: (message: string) => void;
  /** Looks at the server of this provider; tests put their own here. */
  readonly probe: (provider: string) => Pick<ServerProbe, "look">;
}

interface Meter {
  state: ServerState;
  ahead: number;
  detail: string;
  /** How far this machine's clock was ahead of the steady one at the last look; null before the first. */
  clockAhead: number | null;
  readonly probe: Pick<ServerProbe, "look">;
  readonly live: LiveServer;
}

/** Time up is charged after so many looks, but at least once in so many ms where looks are no rarer. */
const LOOKS_PER_ACCRUAL = 4;
const USUAL_ACCRUAL_MS = 60_000;

/** Looks at the servers that cost by the hour, and charges the time that they are up. */
export class ComputeMeter {
  readonly #options: ComputeMeterOptions;
  readonly #meters = new Map<string, Meter>();
  #timer: NodeJS.Timeout | null = null;
  /** What is being booked; looking is not waited for. */
  #booking: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(options: ComputeMeterOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#goOn();
  }

  /** Ends the looking, and charges what is known so far. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
    }
    await this.#safely(async () => {
      await this.#booking;
      for (const [name, { pricing }] of this.#metered()) {
        const meter = this.#meters.get(name);
        if (meter !== undefined) {
          await this.#charge(name, meter, pricing, []);
        }
      }
    });
  }

  stateOf(provider: string): MeterState {
    const meter = this.#meters.get(provider);
    if (meter === undefined) {
      return { up: false, upSince: null, detail: "not asked yet", basis: "health", live: null };
    }
    const { run, unreachable } = meter.state;
    return {
      up: run !== null,
      upSince: run?.startedAt ?? null,
      detail: meter.detail,
      basis: run !== null && run.ownStart !== null ? "metrics" : "health",
      live: run === null || unreachable !== null ? null : meter.live.figures,
    };
  }

  /** What an hour of a provider costs at each time; null where it does not cost by the hour. */
  rateOf(provider: string): HourlyRate | null {
    const { providers } = this.#options.config();
    const pricing = Object.hasOwn(providers, provider) ? providers[provider]?.pricing : undefined;
    return pricing?.kind === "compute-hour" ? new HourlyRate(pricing, this.#options.calendar().timeZone) : null;
  }

  async #goOn(): Promise<void> {
    await this.lookAtAll();
    if (!this.#stopped) {
      this.#timer = setTimeout(() => void this.#goOn(), this.#options.config().healthIntervalMs);
      this.#timer.unref();
    }
  }

  /** One look at every server. Never throws. */
  async lookAtAll(): Promise<void> {
    await this.#safely(async () => {
      const metered = this.#metered();
      await Promise.all([
        ...metered.map(([name, { provider, pricing }]) => this.#lookAt(name, provider, pricing)),
        ...[...this.#meters.keys()]
          .filter((name) => !metered.some(([known]) => known === name))
          .map((name) => this.#forget(name)),
      ]);
    });
  }

  #metered(): Array<[name: string, { provider: Provider; pricing: ComputePricing }]> {
    return Object.entries(this.#options.config().providers).flatMap(([name, provider]) =>
      provider.pricing.kind === "compute-hour" ? [[name, { provider, pricing: provider.pricing }]] : [],
    );
  }

  async #lookAt(name: string, provider: Provider, pricing: ComputePricing): Promise<void> {
    const meter = this.#meterOf(name);
    const { now, steady } = this.#options;
    const isFirst = meter.clockAhead === null;
    const clockAhead = now() - steady();
    const probe = await meter.probe.look(provider, requestLimitMs(this.#options.config()));
    if (!this.#stopped) {
      const setBy = clockSetBy(meter.clockAhead, clockAhead);
      meter.clockAhead = clockAhead;
      const booked = this.#book(name, meter, pricing, probe, { setBy, isFirst });
      this.#booking = Promise.allSettled([this.#booking, booked]);
      await booked;
    }
  }

  async #book(
    name: string,
    meter: Meter,
    pricing: ComputePricing,
    probe: Probe,
    { setBy, isFirst }: { readonly setBy: number; readonly isFirst: boolean },
  ): Promise<void> {
    const wasUp = meter.state.run !== null;
    if (setBy !== 0) {
      this.#options.log(
        `The clock was set by ${Math.round(setBy / 1_000)} s: the hours of ${name} go on from where they were`,
      );
      await this.#charge(name, meter, pricing, []);
      meter.state = afterClockSet(meter.state, setBy, probe.ownStart);
    }
    const seen = look(meter.state, probe, this.#rulesOf(pricing, isFirst));
    meter.state = seen.state;
    meter.live.observe(probe.at, probe.up ? probe.metrics : null);
    meter.detail = detailOf(probe.detail, seen.state, probe.at);
    const isUp = meter.state.run !== null;
    // What a server tells of the time before it was found is booked at once: who comes after a crash may not be told it again.
    const hasBegun = isUp && !wasUp;
    await this.#charge(name, meter, pricing, seen.charges, probe.metrics, hasBegun || this.#isDue(meter));
    for (const unknown of seen.unknown) {
      await this.#options.unknown({ provider: name, ...unknown });
    }
    if (isUp !== wasUp) {
      await this.#options.changed(name, isUp, meter.detail);
    }
  }

  #meterOf(name: string): Meter {
    let meter = this.#meters.get(name);
    if (meter === undefined) {
      const { restore, probe } = this.#options;
      meter = {
        ...restore(name),
        detail: "not asked yet",
        clockAhead: null,
        probe: probe(name),
        live: new LiveServer(),
      };
      this.#meters.set(name, meter);
    }
    return meter;
  }

  /** Books what has been charged, and where `soFar` is set the present time up to now as well. */
  async #charge(
    name: string,
    meter: Meter,
    pricing: ComputePricing,
    ended: readonly Charge[],
    metrics: ServerMetrics | null = null,
    soFar = true,
  ): Promise<void> {
    const { now, calendar, accrue } = this.#options;
    const open = soFar ? chargeSoFar(meter.state, this.#rulesOf(pricing)) : { state: meter.state, charges: [] };
    meter.state = open.state;
    const { timeZone } = calendar();
    const frame: AccrualFrame = {
      provider: name,
      rate: new HourlyRate(pricing, timeZone),
      calendar: calendar(),
      now: now(),
      ahead: meter.ahead,
      decodeWeight: metrics?.decodeWeight ?? meter.live.decodeWeight ?? USUAL_DECODE_WEIGHT,
    };
    const accruals = accrualsOf([...ended, ...open.charges], frame);
    const last = accruals.at(-1);
    if (last !== undefined) {
      meter.ahead = last.ahead ?? 0;
      const served = meter.live.takeServed();
      await accrue([...accruals.slice(0, -1), served === null ? last : { ...last, served }]);
    }
  }

  #isDue({ state }: Meter): boolean {
    const { healthIntervalMs } = this.#options.config();
    const everyMs = Math.max(healthIntervalMs, Math.min(LOOKS_PER_ACCRUAL * healthIntervalMs, USUAL_ACCRUAL_MS));
    const { upUntil, chargedUntil } = state;
    return upUntil !== null && chargedUntil !== null && upUntil - chargedUntil >= everyMs;
  }

  /** It does not cost by the hour any more. */
  async #forget(name: string): Promise<void> {
    const meter = this.#meters.get(name);
    this.#meters.delete(name);
    if (meter !== undefined && meter.state.run !== null) {
      await this.#options.changed(name, false, "does not cost by the hour any more");
    }
  }

  #rulesOf(pricing: ComputePricing, isFirst = false): UptimeRules {
    return uptimeRules(this.#options.config(), pricing, this.#options.calendar().timeZone, isFirst);
  }

  async #safely(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#options.log(`Compute hours could not be booked: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function detailOf(detail: string, { run, unreachable }: ServerState, now: number): string {
  return run !== null && unreachable !== null
    ? `${detail}, for ${Math.round((now - unreachable.since) / 1_000)} s: counts as up for now`
    : detail;
}
