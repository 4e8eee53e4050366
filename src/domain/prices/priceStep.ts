import type { ModelPrice, TieredPrices } from "@pydantic/genai-prices";
import { valueAt } from "./catalogRates.ts";

type Value = number | Pick<TieredPrices, "base" | "tiers">;

/** A class that gets a rate of its own may cost so many times less than what it was charged at before. */
const OWN_RATE = 50;

/**
 * How many times dearer or cheaper the class becomes that changes most, at least 1; null where it is from or to nothing.
 * Classes cost what input or output costs while they have no rate of their own: one that gets a rate may be much cheaper
 * than that (cached reads are), and one that loses it may be dearer.
 */
export function stepBetween(before: ModelPrice, after: ModelPrice): number | null {
  let greatest = 1;
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    for (const above of startsOf([before[name], after[name]])) {
      const step = stepOf(name, above, before, after);
      if (step === null) {
        return null;
      }
      greatest = Math.max(greatest, step);
    }
  }
  return greatest;
}

function stepOf(name: string, above: number, before: ModelPrice, after: ModelPrice): number | null {
  const at = (value: Value | undefined) => (value === undefined ? undefined : valueAt(value, above));
  const [old, fresh] = [at(before[name]), at(after[name])];
  const whole = wholeOf(name);
  if (old !== undefined && fresh !== undefined) {
    return factorBetween(old, fresh);
  }
  if (whole === undefined) {
    return 1;
  }
  if (fresh !== undefined) {
    const charged = at(before[whole]);
    const isPlausible = charged !== undefined && fresh <= charged && fresh * OWN_RATE >= charged;
    return isPlausible || charged === undefined ? 1 : factorBetween(charged, fresh);
  }
  const charged = at(after[whole]);
  return old === undefined || charged === undefined || charged >= old ? 1 : factorBetween(old, charged);
}

/** What tokens of a class cost while it has no rate of its own; fees have no such thing. */
function wholeOf(name: string): "input_mtok" | "output_mtok" | undefined {
  return name.endsWith("_mtok") ? (name.startsWith("output") ? "output_mtok" : "input_mtok") : undefined;
}

function factorBetween(a: number, b: number): number | null {
  if (a === b) {
    return 1;
  }
  return a === 0 || b === 0 ? null : Math.max(a / b, b / a);
}

function startsOf(values: ReadonlyArray<Value | undefined>): Set<number> {
  return new Set([
    0,
    ...values.flatMap((value) => (typeof value === "object" ? value.tiers.map(({ start }) => start) : [])),
  ]);
}
