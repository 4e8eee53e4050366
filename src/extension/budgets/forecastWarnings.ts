import * as vscode from "vscode";
import type { BudgetStatus } from "../../domain/api.ts";
import { formatMoment } from "../../domain/formats.ts";
import { formatUsd, nanoFromUsd } from "../../domain/money.ts";
import { COMMANDS } from "../commandIds.ts";
import { type Contribution, messageOf } from "../contribution.ts";
import type { Services } from "../services.ts";
import { headStart } from "./headStart.ts";
import { ToldOnce } from "./toldOnce.ts";

/** Says once in a budget's window, in one window of VS Code, that hours of servers alone will spend it before that ends. */
export const forecastWarnings: Contribution = {
  name: "forecast warnings",
  activate(services) {
    const told = new ToldOnce(services, "tollgate.forecasts");
    /** Forecasts that this window has dealt with. */
    const known = new Set<string>();
    const timers = new Set<NodeJS.Timeout>();
    const subscription = services.sidecar.onDidChange(({ status }) => {
      for (const budget of status?.budgets ?? []) {
        const name = JSON.stringify(nameOf(budget));
        if (budget.computeForecast === null || known.has(name) || !services.settings.current.budgetWarnings) {
          continue;
        }
        known.add(name);
        const timer = setTimeout(() => {
          timers.delete(timer);
          tell(services, told, budget).catch((error: unknown) => {
            services.log.warn(`What hours will cost could not be told: ${messageOf(error)}`);
          });
        }, headStart());
        timers.add(timer);
      }
    });
    return vscode.Disposable.from(subscription, {
      dispose: () => {
        for (const timer of timers) {
          clearTimeout(timer);
        }
      },
    });
  },
};

/** What makes a forecast another one than the last: a budget's window, and its limit. When exactly it is spent changes all the time. */
function nameOf({ name, windowStart, limitNanoUsd }: BudgetStatus): readonly unknown[] {
  return [name, windowStart, limitNanoUsd];
}

async function tell(services: Services, told: ToldOnce, budget: BudgetStatus): Promise<void> {
  const { computeForecast: forecast, resetsAt } = budget;
  if (forecast === null || !(await told.mayTell(nameOf(budget), resetsAt === null ? null : Date.parse(resetsAt)))) {
    return;
  }
  const t = vscode.l10n.t;
  const costs = t("Show Costs");
  const raise = t("Raise…");
  const never = t("Don't Show Again");
  const text = t("At {rate} an hour ({servers}) the {name} budget is spent by {when}, without a single call.", {
    rate: formatUsd(nanoFromUsd(forecast.hourlyRateUsd)),
    servers: forecast.providers.join(", "),
    name: budget.name,
    when: formatMoment(Date.parse(forecast.spentAt), Date.now()),
  });
  const chosen = await vscode.window.showWarningMessage(text, costs, raise, never);
  if (chosen === costs) {
    await vscode.commands.executeCommand(COMMANDS.showCosts);
  } else if (chosen === raise) {
    await vscode.commands.executeCommand(COMMANDS.raiseBudget, budget.name);
  } else if (chosen === never) {
    await services.settings.write("tollgate.notifications.budgetWarnings", false);
  }
}
