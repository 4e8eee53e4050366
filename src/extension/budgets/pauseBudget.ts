import * as vscode from "vscode";
import { type BudgetStatus, LONGEST_PAUSE_MINUTES, LONGEST_REASON } from "../../domain/api.ts";
import { formatMoment } from "../../domain/formats.ts";
import type { Services } from "../services.ts";
import { decidedBy } from "./decidedBy.ts";
import { findBudget } from "./findBudget.ts";
import { parseUntil } from "./untilTime.ts";

interface SpanItem extends vscode.QuickPickItem {
  /** Counted when it is decided, not when it is picked; null: until somebody resumes; undefined: asked for. */
  readonly minutes: (() => number | null) | undefined;
}

/** Asks for how long and why, and has a hard budget refuse nothing for that time. `why` is the reason that is offered. */
export async function pauseBudget(services: Services, name?: string, why?: string): Promise<void> {
  const t = vscode.l10n.t;
  const budget = await findBudget(services, name, t("Pause Budget"), {
    fits: ({ hard }) => hard,
    none: t("All budgets only warn: there is nothing to pause."),
  });
  const span = budget === undefined ? undefined : await askSpan(budget);
  if (budget === undefined || span === undefined) {
    return;
  }
  const minutes = span.minutes ?? (await askTime(budget));
  if (minutes === undefined) {
    return;
  }
  const reason = await askReason(budget, why);
  if (reason === undefined) {
    return;
  }
  const api = await services.sidecar.api();
  const { until } = await api.decide(budget.name, {
    kind: "pause",
    minutes: minutes(),
    by: decidedBy(),
    why: reason.trim() === "" ? null : reason.trim(),
  });
  const words = { name: budget.name, when: until === null ? "" : formatMoment(until, Date.now()) };
  vscode.window.setStatusBarMessage(
    until === null
      ? t("The {name} budget is paused until you resume it.", words)
      : t("The {name} budget is paused until {when}.", words),
    5_000,
  );
}

/** Ends a budget's pause. */
export async function resumeBudget(services: Services, name?: string): Promise<void> {
  const t = vscode.l10n.t;
  const budget = await findBudget(services, name, t("Resume Budget"), {
    fits: ({ paused }) => paused,
    none: t("No budget is paused."),
  });
  if (budget === undefined) {
    return;
  }
  const api = await services.sidecar.api();
  await api.decide(budget.name, { kind: "resume", by: decidedBy() });
  vscode.window.setStatusBarMessage(t("The {name} budget is not paused any more.", { name: budget.name }), 5_000);
}

async function askSpan({ name, resetsAt, paused, pausedUntil }: BudgetStatus): Promise<SpanItem | undefined> {
  const t = vscode.l10n.t;
  const now = Date.now();
  const moment = (iso: string) => formatMoment(Date.parse(iso), now);
  const after = (minutes: number) => t("until {when}", { when: formatMoment(now + minutes * 60_000, now) });
  const items: SpanItem[] = [
    { label: t("15 minutes"), description: after(15), minutes: () => 15 },
    { label: t("1 hour"), description: after(60), minutes: () => 60 },
    ...(resetsAt === null
      ? []
      : [
          {
            label: t("Until the window ends"),
            description: t("until {when}", { when: moment(resetsAt) }),
            minutes: () => minutesUntil(Date.parse(resetsAt), Date.now()),
          },
        ]),
    { label: t("Another time…"), minutes: undefined },
    { label: t("Until I resume it"), minutes: () => null },
  ];
  return vscode.window.showQuickPick(items, {
    title: t("Pause the {name} Budget (1 of 2)", { name }),
    placeHolder: !paused
      ? t("For how long may calls pass that do not fit?")
      : pausedUntil === null
        ? t("It is paused until you resume it. For how long instead?")
        : t("It is paused until {when}. For how long instead?", { when: moment(pausedUntil) }),
  });
}

/** How many minutes are left until the time that is given, when they are asked for. */
async function askTime({ name }: BudgetStatus): Promise<(() => number) | undefined> {
  const t = vscode.l10n.t;
  const text = await vscode.window.showInputBox({
    title: t("Pause the {name} Budget (1 of 2)", { name }),
    prompt: t("Until when may calls pass? A time of day, or how long from now."),
    placeHolder: t("18:30, 45m, 2h or 3d"),
    validateInput: (given) =>
      parseUntil(given, Date.now()) === null
        ? t("Give a time of day such as 18:30, or how long from now: 45m, 2h, 3d.")
        : undefined,
  });
  const until = text === undefined ? null : parseUntil(text, Date.now());
  return until === null ? undefined : () => minutesUntil(until, Date.now());
}

async function askReason({ name }: BudgetStatus, why: string | undefined): Promise<string | undefined> {
  const t = vscode.l10n.t;
  return vscode.window.showInputBox({
    title: t("Pause the {name} Budget (2 of 2)", { name }),
    prompt: t("A reason, for the record. It may be empty."),
    ...(why === undefined ? {} : { value: why }),
    validateInput: (text) =>
      text.length > LONGEST_REASON ? t("At most {n} characters.", { n: LONGEST_REASON }) : undefined,
  });
}

/** From `now` to a moment (both ms since the epoch), within what a pause may last. */
function minutesUntil(at: number, now: number): number {
  return Math.min(LONGEST_PAUSE_MINUTES, Math.max(1, (at - now) / 60_000));
}
