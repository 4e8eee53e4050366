import { type Budget, limitOf } from "./budget.ts";
import type { Alert, Decision } from "./events.ts";
import type { NanoUsd } from "./money.ts";
import { type Calendar, type Window, windowAt } from "./window.ts";

/** What the gate asks of whoever keeps the books: the spend that a budget covers within a window, in nano-USD. */
export type SpentOf = (budget: Budget, window: Window) => NanoUsd;

/** What an account asks of the books when a window opens: spend so far, and holds of calls in flight. */
export interface AccountSources {
  readonly calendar: Calendar;
  readonly spentOf: SpentOf;
  readonly heldIn: (account: BudgetAccount, windowStart: number) => NanoUsd;
}

export type BudgetState = "ok" | "warning" | "spent";

/** One budget's figures in its present window. Amounts are nano-USD. */
export class BudgetAccount {
  readonly #sources: AccountSources;
  #budget: Budget;
  /** Shares of the limit at which a warning is raised, ascending; 1 is the last. */
  #thresholds: readonly number[];
  #window: Window;
  #spent: NanoUsd;
  #held: NanoUsd = 0;
  #allowances = 0;
  #raise: { readonly limit: NanoUsd; readonly until: number | null } | null = null;
  #pause: { readonly until: number | null } | null = null;
  #exhausted = false;
  #fired = new Set<number>();

  constructor(budget: Budget, sources: AccountSources, now: number) {
    this.#sources = sources;
    this.#budget = budget;
    this.#thresholds = thresholdsOf(budget);
    this.#window = windowAt(budget.window, now, sources.calendar);
    this.#spent = sources.spentOf(budget, this.#window);
  }

  get budget(): Budget {
    return this.#budget;
  }

  get window(): Window {
    return this.#window;
  }

  get spentNanoUsd(): NanoUsd {
    return this.#spent;
  }

  get heldNanoUsd(): NanoUsd {
    return this.#held;
  }

  /** The limit in force: the configured one, or what it was raised to. */
  get limitNanoUsd(): NanoUsd {
    return this.#raise?.limit ?? limitOf(this.#budget);
  }

  /** Limit − spent − held; below 0 where a limit was lowered or spend came that no hold could stop. */
  get roomNanoUsd(): NanoUsd {
    return this.limitNanoUsd - this.#spent - this.#held;
  }

  get allowances(): number {
    return this.#allowances;
  }

  /** When the raise ends, ms; undefined without one, null where it never ends. */
  get raisedUntil(): number | null | undefined {
    return this.#raise?.until;
  }

  /** When the pause ends, ms; undefined without one, null where it lasts until the budget is resumed. */
  get pausedUntil(): number | null | undefined {
    return this.#pause?.until;
  }

  /** A hard budget refuses; a paused one only counts and warns. */
  get isHard(): boolean {
    return this.#budget.hard && this.#pause === null;
  }

  /** `spent`: nothing is left, or what is left did not buy the last call that asked. */
  get state(): BudgetState {
    if (this.#spent >= this.limitNanoUsd || this.#exhausted) {
      return "spent";
    }
    const [first = 1] = this.#thresholds.filter((share) => share >= 0.75);
    return this.#spent >= first * this.limitNanoUsd ? "warning" : "ok";
  }

  /** Puts a changed budget in the place of this one. */
  replace(budget: Budget, now: number): void {
    const same = JSON.stringify(budget) === JSON.stringify(this.#budget);
    if (same) {
      return;
    }
    const counts =
      JSON.stringify([this.#budget.window, this.#budget.scope]) !== JSON.stringify([budget.window, budget.scope]);
    this.#budget = budget;
    this.#thresholds = thresholdsOf(budget);
    this.#raise = null;
    this.#limitChanged();
    if (counts) {
      this.#open(windowAt(budget.window, now, this.#sources.calendar));
    }
  }

  /** Opens the window of `now` if another one is open: after its end, or when the clock was set back. */
  roll(now: number): void {
    const { start, end } = this.#window;
    if (this.#raise !== null && this.#raise.until !== null && now >= this.#raise.until) {
      this.#raise = null;
    }
    if (this.#pause !== null && this.#pause.until !== null && now >= this.#pause.until) {
      this.#pause = null;
    }
    if (now < start || (end !== null && now >= end)) {
      this.#open(windowAt(this.#budget.window, now, this.#sources.calendar));
    }
  }

  addHeld(nano: NanoUsd): void {
    this.#held += nano;
  }

  settle(heldNano: NanoUsd, costNano: NanoUsd): void {
    this.#held -= heldNano;
    this.#spent += costNano;
  }

  /** A call was let through; `allowed` where it took one of the allowances. */
  admitted(allowed: boolean): void {
    if (allowed) {
      this.#allowances = Math.max(0, this.#allowances - 1);
    } else {
      this.#exhausted = false;
    }
  }

  refuse(): void {
    this.#exhausted = true;
  }

  decide(decision: Decision, now: number): void {
    switch (decision.kind) {
      case "allow-once":
        this.#allowances += 1;
        return;
      case "raise":
        if (decision.limitNanoUsd !== null && (decision.until === null || decision.until > now)) {
          this.#raise = { limit: decision.limitNanoUsd, until: decision.until };
          this.#limitChanged();
        }
        return;
      case "pause":
        // It takes the place of an earlier one, also where it ends sooner.
        this.#pause = { until: decision.until };
        return;
      case "resume":
        this.#pause = null;
        return;
    }
  }

  takeAlerts(): Array<Omit<Alert, "id">> {
    const alerts: Array<Omit<Alert, "id">> = [];
    for (const threshold of this.#thresholds) {
      const reached = threshold === 1 ? this.state === "spent" : this.#spent >= threshold * this.limitNanoUsd;
      if (reached && this.limitNanoUsd > 0 && !this.#fired.has(threshold)) {
        this.#fired.add(threshold);
        alerts.push({
          budget: this.#budget.name,
          threshold,
          windowStart: this.#window.start,
          spentNanoUsd: this.#spent,
          limitNanoUsd: this.limitNanoUsd,
        });
      }
    }
    return alerts;
  }

  /** Only an alert of the open window and the limit in force counts as raised: a new limit warns anew. */
  restoreAlert(alert: Alert): void {
    if (alert.windowStart === this.#window.start && alert.limitNanoUsd === this.limitNanoUsd) {
      this.#fired.add(alert.threshold);
    }
  }

  #limitChanged(): void {
    this.#exhausted = false;
    this.#fired.clear();
  }

  #open(window: Window): void {
    this.#window = window;
    this.#spent = this.#sources.spentOf(this.#budget, window);
    this.#held = this.#sources.heldIn(this, window.start);
    this.#allowances = 0;
    this.#limitChanged();
  }
}

function thresholdsOf(budget: Budget): readonly number[] {
  return [...new Set([...budget.warnAt, 1])].sort((a, b) => a - b);
}
