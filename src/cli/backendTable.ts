import type { Backends, CheckedBackend } from "../domain/backends/backendApi.ts";
import { type Backend, backendInWords } from "../domain/backends/backendSettings.ts";
import type { BackendState, RecordedSwitch } from "../domain/backends/backendSwitch.ts";
import { formatMoment } from "../domain/formats.ts";
import { tableLines } from "./table.ts";

/** What names stand for, one a line. */
export function backendLines({ default: main, tiers, fallback }: Backends, width: number): string[] {
  const rows = [
    ["default", main, main === null ? "the first provider whose key is set" : ""] as const,
    ...tiers.map(({ name, backend, configured }) => [name, backend, configured ? "" : "by its name"] as const),
    ...fallback.map((backend, index) => [`fallback ${index + 1}`, backend, ""] as const),
  ];
  return tableLines(
    [
      { title: "NAME", mayShrink: true },
      { title: "PROVIDER", mayShrink: true },
      { title: "MODEL", mayShrink: true },
      { title: "", mayShrink: true },
    ],
    rows.map(([name, backend, note]) => [name, backend?.provider ?? "-", backend?.model ?? "-", note]),
    width,
  );
}

const STATES: Readonly<Record<BackendState, string>> = {
  ok: "ok",
  slow: "slow",
  down: "down",
  "key-missing": "no key",
  "key-wrong": "wrong key",
  "no-model": "no model",
};

/** How backends answered, one a line. `now` is ms since the epoch. */
export function checkLines(backends: readonly CheckedBackend[], now: number, width: number): string[] {
  return tableLines(
    [
      { title: "STATE" },
      { title: "PROVIDER", mayShrink: true },
      { title: "MODEL", mayShrink: true },
      { title: "FOR", mayShrink: true },
      { title: "LATENCY", right: true },
      { title: "DETAIL", mayShrink: true },
      { title: "LAST ERROR", mayShrink: true },
    ],
    backends.map(({ state, provider, model, roles, latencyMs, detail, lastError }) => [
      STATES[state],
      provider,
      model ?? "",
      roles.join(", "),
      latencyMs === null ? "-" : `${latencyMs} ms`,
      detail,
      lastError === null ? "" : `${formatMoment(Date.parse(lastError.at), now)}: ${lastErrorInWords(lastError)}`,
    ]),
    width,
  );
}

function lastErrorInWords({ errorType, message }: { errorType: string; message: string }): string {
  return message === "" ? errorType : `${errorType}, ${message}`;
}

/** Switches, one a line. `now` is ms since the epoch. */
export function switchLines(switches: readonly RecordedSwitch[], now: number, width: number): string[] {
  if (switches.length === 0) {
    return ["No switch is recorded."];
  }
  const words = (backend: Backend | null) => (backend === null ? "-" : backendInWords(backend));
  return tableLines(
    [
      { title: "WHEN" },
      { title: "WHO", mayShrink: true },
      { title: "WHAT", mayShrink: true },
      { title: "FROM", mayShrink: true },
      { title: "TO", mayShrink: true },
      { title: "CHECK", mayShrink: true },
      { title: "WHY", mayShrink: true },
    ],
    switches.map(({ at, by, tier, from, to, checked, why }) => [
      formatMoment(at, now),
      by,
      tier ?? "default",
      words(from),
      words(to),
      checked === null ? "none" : checked.detail,
      why ?? "",
    ]),
    width,
  );
}
