/**
 * What an answer's headers ask to wait, in ms; null where they say nothing that makes sense. `retry-after` is in seconds
 * or a date (RFC 9110, 10.2.3); `retry-after-ms` is OpenAI's own. `now` is ms since the epoch.
 */
export function retryAfterOf(header: (name: string) => string | null, now: number): number | null {
  const ms = numberOf(header("retry-after-ms"));
  if (ms !== null) {
    return ms;
  }
  const text = header("retry-after");
  const seconds = numberOf(text);
  if (seconds !== null) {
    return seconds * 1_000;
  }
  const date = Date.parse(text ?? "");
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

function numberOf(text: string | null): number | null {
  const value = text === null || text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) && value >= 0 ? value : null;
}
