import type { ComputePricing } from "../../domain/compute/computePricing.ts";
import type { UptimeRules } from "../../domain/compute/uptime.ts";
import type { Config } from "../../domain/config.ts";
import { momentOf } from "../../domain/moment.ts";

type Intervals = Pick<Config, "healthIntervalMs" | "healthGraceMs">;

/** Looks further apart than so many intervals and this, in ms, do not tell what was between them. */
const BLIND_AFTER_INTERVALS = 3;
const BLIND_SLACK_MS = 10_000;
/** Health and metrics: the next look comes an interval after both have been answered or given up. */
const REQUESTS_PER_LOOK = 2;

/** How long, in ms, a server has for each request of a look. */
export function requestLimitMs({ healthIntervalMs }: Intervals): number {
  return Math.max(1_000, Math.min(healthIntervalMs, 5_000));
}

/** What holds for one look; `isFirst`: nobody of this process has looked at the server before. */
export function uptimeRules(
  config: Intervals,
  { countFrom, billingUnit }: ComputePricing,
  timeZone: string,
  isFirst: boolean,
): UptimeRules {
  const { healthIntervalMs, healthGraceMs } = config;
  return {
    graceMs: healthGraceMs,
    blindMs: BLIND_AFTER_INTERVALS * healthIntervalMs + BLIND_SLACK_MS,
    gapMs: isFirst ? 0 : healthIntervalMs + REQUESTS_PER_LOOK * requestLimitMs(config),
    countFrom: countFrom === undefined ? null : momentOf(countFrom, timeZone),
    unit: billingUnit ?? null,
  };
}
