import { FREE_RATES, type Rates } from "../rates.ts";

/** Models that write down what is said and are billed by the sound's length, whatever the host. */
const BY_TIME = /whisper|gpt-transcribe/i;

/** Whether a model is billed by the time that its sound takes: then each second of it counts as one token of sound. */
export function isBilledByTime(model: string): boolean {
  return BY_TIME.test(model);
}

/** Prices by the hour of sound that is heard, as the catalogue names them, in USD. */
const HOURLY = ["input_audio_hours", "audio_hours"] as const;
const SECONDS_AN_HOUR = 3_600;

/** Rates of a model that costs nothing but time, for a second of sound; null where it costs anything else or by steps. */
export function timedRates(price: Readonly<Record<string, unknown>>): Rates | null {
  const usdPerHour = HOURLY.map((name) => price[name]).find((usd) => usd !== undefined);
  const onlyTime = Object.keys(price).every((name) => (HOURLY as readonly string[]).includes(name));
  if (typeof usdPerHour !== "number" || !onlyTime) {
    return null;
  }
  // Nano-USD an hour are whole; pico-USD a second are rounded up.
  const perSecond = Math.ceil((Math.round(usdPerHour * 1_000_000_000) * 1_000) / SECONDS_AN_HOUR);
  return { ...FREE_RATES, input: perSecond, cachedInput: perSecond, audioInput: perSecond };
}
