import type { CheckedBackend } from "../../domain/backends/backendApi.ts";
import { backendInWords } from "../../domain/backends/backendSettings.ts";
import type { BackendState } from "../../domain/backends/backendSwitch.ts";
import { formatMoment } from "../../domain/formats.ts";
import type { TakeOver } from "../../prompts/runWithFallback.ts";
import type { Translate } from "../translate.ts";

/** A backend's state, with VS Code's icon for it. */
export function stateInWords(state: BackendState, t: Translate): string {
  switch (state) {
    case "ok":
      return `$(pass) ${t("works")}`;
    case "slow":
      return `$(watch) ${t("too slow")}`;
    case "down":
      return `$(error) ${t("down")}`;
    case "key-missing":
      return `$(key) ${t("no key")}`;
    case "key-wrong":
      return `$(key) ${t("wrong key")}`;
    case "no-model":
      return `$(error) ${t("no such model")}`;
  }
}

/** That another backend answers, and why. */
export function takeOverInWords({ from, to, error }: TakeOver, t: Translate): string {
  const words = { from: backendInWords(from), to: backendInWords(to), reason: error?.message ?? "" };
  return error === null
    ? t("{to} answers in place of {from}, which failed not long ago.", words)
    : t("{to} answers in place of {from}. {reason}", words);
}

/** The default first, then what is in use by its name, in words. */
export function rolesInWords(roles: readonly string[], t: Translate): string {
  return roles
    .map((role) => {
      const place = /^fallback (\d+)$/.exec(role)?.[1];
      return role === "default" ? t("default") : place === undefined ? role : t("fallback {n}", { n: place });
    })
    .join(", ");
}

/** What a check found: state, time and detail, and the last failed call. `now` is ms since the epoch. */
export function checkInWords(
  { state, latencyMs, detail, lastError }: CheckedBackend,
  now: number,
  t: Translate,
): string {
  const parts = [
    stateInWords(state, t),
    ...(latencyMs === null ? [] : [t("{ms} ms", { ms: latencyMs })]),
    detail,
    ...(lastError === null
      ? []
      : [
          t("last error {when}: {error}", {
            when: formatMoment(Date.parse(lastError.at), now),
            error: lastError.message === "" ? lastError.errorType : `${lastError.errorType}, ${lastError.message}`,
          }),
        ]),
  ];
  return parts.join(" · ");
}
