/** Saturday afternoon in Berlin. */
export const NOW = Date.parse("2026-11-21T14:20:05.000Z");
export const TIME_ZONE = "Europe/Berlin";
export const DAY = 86_400_000;

export function iso(at: number): string {
  return new Date(at).toISOString();
}
