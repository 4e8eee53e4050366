import type { Config } from "../domain/config.ts";
import { Gate } from "../domain/gate.ts";
import type { Calendar } from "../domain/window.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { Gatekeeper } from "./gatekeeper.ts";
import type { Turn } from "./turn.ts";

export interface GateParts {
  readonly config: () => Config;
  readonly calendar: Calendar;
  readonly ledger: Ledger;
  readonly now: () => number;
  readonly turn: Turn;
}

/** The gate as the books left it: with what is spent, decisions that still hold, and alerts that were raised. */
export function openGate({ config, calendar, ledger, now, turn }: GateParts): Gatekeeper {
  const gate = new Gate({
    calendar,
    settings: () => config().gate,
    spentOf: (budget, window) => gatekeeper.spentOf(budget, window),
    refusesWhenSpent: (provider) => refusesWhenSpent(config(), provider),
  });
  const waitMs = () => config().gate.waitMs;
  const gatekeeper: Gatekeeper = new Gatekeeper({
    gate,
    ledger,
    now,
    waitMs,
    turn,
    timeZone: calendar.timeZone,
  });
  gate.setBudgets(config().budgets, now());
  for (const decision of ledger.activeDecisions(now())) {
    gate.decide(decision, now());
  }
  const firstStart = Math.min(now(), ...gate.accounts(now()).map((account) => account.window.start));
  for (const alert of ledger.alertsSince(firstStart)) {
    gate.restoreAlert(alert, now());
  }
  return gatekeeper;
}

function refusesWhenSpent({ providers }: Config, provider: string): boolean {
  const pricing = providers[provider]?.pricing;
  return pricing?.kind === "compute-hour" && pricing.whenSpent === "refuse";
}
