import * as vscode from "vscode";
import type { Alert } from "../../domain/events.ts";
import { formatPercent } from "../../domain/formats.ts";
import { formatUsd } from "../../domain/money.ts";
import { COMMANDS } from "../commandIds.ts";
import type { Contribution } from "../contribution.ts";
import { messageOf } from "../contribution.ts";
import type { Services } from "../services.ts";
import { headStart } from "./headStart.ts";
import { StoppedTools } from "./stoppedTools.ts";

/** Warnings below this share stay in the panel. */
const FIRST_SHARE = 0.75;

/** Says once, in one window, that 75%, 90% or all of a budget is spent, and which tools it has stopped. */
export const budgetWarnings: Contribution = {
  name: "budget warnings",
  activate(services) {
    /** One call may cross several thresholds at once: the highest speaks for all. */
    const gathered = new Map<string, { alerts: Alert[]; timer: NodeJS.Timeout }>();
    const stops = new StoppedTools(services);
    const subscription = services.sidecar.onDidEvent((event) => {
      if (event.type === "call.refused") {
        stops.hear(event);
        return;
      }
      if (event.type === "budget.decided") {
        stops.decided(event.decision.budget);
        return;
      }
      if (event.type !== "alert.raised" || event.alert.threshold < FIRST_SHARE) {
        return;
      }
      const { alert } = event;
      const waiting = gathered.get(alert.budget);
      if (waiting !== undefined) {
        waiting.alerts.push(alert);
        return;
      }
      const alerts = [alert];
      const timer = setTimeout(() => {
        gathered.delete(alert.budget);
        void warn(services, stops, alerts);
      }, headStart());
      gathered.set(alert.budget, { alerts, timer });
    });
    return vscode.Disposable.from(subscription, stops, {
      dispose: () => {
        for (const { timer } of gathered.values()) {
          clearTimeout(timer);
        }
      },
    });
  },
};

async function warn(services: Services, stops: StoppedTools, alerts: readonly Alert[]): Promise<void> {
  if (!services.settings.current.budgetWarnings) {
    return;
  }
  try {
    const api = await services.sidecar.api();
    const claims = await Promise.all(alerts.map(({ id }) => api.claimAlert(id)));
    const highest = alerts
      .filter((_, index) => claims[index] === true)
      .toSorted((a, b) => b.threshold - a.threshold)[0];
    const isToldAlready = highest?.threshold === 1 && stops.speaksFor(highest.budget);
    if (highest !== undefined && !isToldAlready) {
      await show(services, highest);
    }
  } catch (error) {
    services.log.warn(`A budget warning could not be shown: ${messageOf(error)}`);
  }
}

async function show({ settings, sidecar }: Services, alert: Alert): Promise<void> {
  const t = vscode.l10n.t;
  const raise = t("Raise…");
  const costs = t("Show Costs");
  const never = t("Don't Show Again");
  const amounts = {
    name: alert.budget,
    spent: formatUsd(alert.spentNanoUsd),
    limit: formatUsd(alert.limitNanoUsd),
    percent: formatPercent(alert.threshold),
  };
  const { hard, paused } = sidecar.status?.budgets.find(({ name }) => name === alert.budget) ?? {
    hard: true,
    paused: false,
  };
  const chosen = await (alert.threshold >= 1
    ? vscode.window.showErrorMessage(
        !hard
          ? t("The {name} budget is spent: {spent} of {limit}. It only warns, so calls still pass.", amounts)
          : paused
            ? t("The {name} budget is spent: {spent} of {limit}. It is paused, so calls still pass.", amounts)
            : t("The {name} budget is spent: {spent} of {limit}. Further calls are refused.", amounts),
        raise,
        costs,
        never,
      )
    : vscode.window.showWarningMessage(
        t("{percent} of the {name} budget is spent: {spent} of {limit}.", amounts),
        raise,
        costs,
        never,
      ));
  if (chosen === raise) {
    await vscode.commands.executeCommand(COMMANDS.raiseBudget, alert.budget);
  } else if (chosen === costs) {
    await vscode.commands.executeCommand(COMMANDS.showCosts);
  } else if (chosen === never) {
    await settings.write("tollgate.notifications.budgetWarnings", false);
  }
}
