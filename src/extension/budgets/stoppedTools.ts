import * as vscode from "vscode";
import type { EventOf } from "../../domain/events.ts";
import { COMMANDS } from "../commandIds.ts";
import { messageOf, showFailure } from "../contribution.ts";
import { setModelPrice } from "../prices/setModelPrice.ts";
import type { Services } from "../services.ts";
import { raiseBudget } from "./budgetCommands.ts";
import { headStart } from "./headStart.ts";
import { pauseBudget } from "./pauseBudget.ts";
import { stopInWords } from "./stopWords.ts";
import { ToldOnce } from "./toldOnce.ts";

type Stop = EventOf<"call.refused">;

/** What stops a tool is told of here alone for so long, in ms: the budget's own warning would say it again. */
const SPEAKS_MS = 10_000;
/** Decisions that are looked through for the last one about a budget. */
const DECISIONS = 100;

/**
 * Says which tool was stopped by which budget: once for each of both, the budget's window, its limit and the last decision
 * about it, in one window of VS Code. What VS Code itself asks has its own message.
 */
export class StoppedTools implements vscode.Disposable {
  readonly #services: Services;
  readonly #told: ToldOnce;
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Stops that this window has dealt with, and by which budget. */
  readonly #known = new Map<string, string>();
  /** When the last new stop by a budget was heard of, in ms of the process's own clock. */
  readonly #heard = new Map<string, number>();

  constructor(services: Services) {
    this.#services = services;
    this.#told = new ToldOnce(services, "tollgate.stoppedTools");
  }

  /** Whether a message on the budget is being shown, or was just now. */
  speaksFor(budget: string): boolean {
    return performance.now() - (this.#heard.get(budget) ?? Number.NEGATIVE_INFINITY) < SPEAKS_MS;
  }

  hear(stop: Stop): void {
    const { call, refusal } = stop;
    if (refusal.budget === null || call.tool === "vscode" || !this.#services.settings.current.stoppedTools) {
      return;
    }
    const name = nameOf(stop, "");
    if (this.#known.has(name)) {
      return;
    }
    this.#known.set(name, refusal.budget);
    this.#heard.set(refusal.budget, performance.now());
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#tell(stop).catch((error: unknown) => {
        this.#services.log.warn(`A stopped tool could not be told of: ${messageOf(error)}`);
      });
    }, headStart());
    this.#timers.add(timer);
  }

  /** After a decision about a budget, tools that it stops are news again. */
  decided(budget: string): void {
    for (const [name, by] of this.#known) {
      if (by === budget) {
        this.#known.delete(name);
      }
    }
  }

  dispose(): void {
    for (const timer of this.#timers) {
      clearTimeout(timer);
    }
  }

  async #tell(stop: Stop): Promise<void> {
    const api = await this.#services.sidecar.api();
    const last = (await api.decisions(DECISIONS)).find(
      ({ budget, kind }) => budget === stop.refusal.budget && kind !== "allow-once",
    );
    const { resetsAt } = stop.refusal;
    const until = resetsAt === null ? null : Date.parse(resetsAt);
    if (await this.#told.mayTell([nameOf(stop, last?.id ?? "")], until)) {
      await this.#show(stop, Date.now());
    }
  }

  async #show({ call, refusal }: Stop, now: number): Promise<void> {
    const t = vscode.l10n.t;
    const raise = t("Raise…");
    const price = t("Set Price…");
    const allow = t("Allow Until…");
    const costs = t("Show Costs");
    const never = t("Don't Show Again");
    // A higher limit is no help where the call's cost is unknown.
    const ways = refusal.reason === "budget" ? [raise] : refusal.reason === "unpriced" ? [price] : [];
    const text = stopInWords(call, refusal, now, t);
    const chosen = await vscode.window.showErrorMessage(text, ...ways, allow, costs, never);
    const name = refusal.budget ?? undefined;
    const why = t("{tool} was stopped", { tool: call.tool ?? t("A program") });
    const services = this.#services;
    try {
      if (chosen === raise) {
        await raiseBudget(services, { name, why, needed: refusal.neededNanoUsd ?? undefined });
      } else if (chosen === allow) {
        await pauseBudget(services, name, why);
      } else if (chosen === price) {
        await setModelPrice(services, { provider: call.provider, model: call.requestedModel });
      } else if (chosen === costs) {
        await vscode.commands.executeCommand(COMMANDS.showCosts);
      } else if (chosen === never) {
        await services.settings.write("tollgate.notifications.stoppedTools", false);
      }
    } catch (error) {
      services.log.error(`What was decided about the ${name} budget could not be done`, error);
      void showFailure(messageOf(error));
    }
  }
}

/** What makes a stop another one than the last. */
function nameOf({ call, refusal }: Stop, decision: string): string {
  return JSON.stringify([refusal.budget, refusal.resetsAt, refusal.limitNanoUsd, call.tool, decision]);
}
