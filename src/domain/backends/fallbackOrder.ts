import { type Backend, isSameBackend } from "./backendSettings.ts";

/** A backend that failed not long ago. */
export interface Cooling extends Backend {
  /** ISO 8601: when it is tried again. */
  readonly until: string;
}

/**
 * Who is asked, in order: the one that is wanted, then those who take over. Who failed not long ago is passed over; where
 * that leaves nobody, all are asked. `now` is ms since the epoch.
 */
export function fallbackOrder(
  wanted: Backend,
  fallback: readonly Backend[],
  cooling: readonly Cooling[],
  now: number,
): readonly [Backend, ...Backend[]] {
  const all = [wanted];
  for (const backend of fallback) {
    if (!all.some((one) => isSameBackend(one, backend))) {
      all.push(backend);
    }
  }
  const isCooling = (backend: Backend) =>
    cooling.some((one) => isSameBackend(one, backend) && Date.parse(one.until) > now);
  const [first, ...rest] = all.filter((backend) => !isCooling(backend));
  return first === undefined ? [wanted, ...all.slice(1)] : [first, ...rest];
}
