import { type Budget, limitOf } from "./budget.ts";
import type { Alert, Decision } from "./events.ts";
import type { NanoUsd } from "./money.ts";
import { type Calendar, isWithin, type Window, windowAt } from "./window.ts";

/** What the gate asks of whoever keeps the books: the spend that a budget covers within a window, in nano-USD. */
export type SpentOf = (budget: Budget, window: Window) => NanoUsd;

/** What an account asks when it begins to count: spend so far, and holds of calls under way. */
export interface AccountSources {
  readonly calendar: Calendar;
  readonly spentOf: SpentOf;
  readonly heldOf: (budget: Budget, window: Window) => NanoUsd;
}

export type BudgetState = "ok" | "warning" | "spent";

/** Alerts that are remembered as raised: those of windows that the clock may be set back to are among them. */
const REMEMBERED_ALERTS = 400;

/** One budget's figures in its present window. Amounts are nano-USD. */
export class BudgetAccount {
  readonly #sources: AccountSources;
  #budget: Budget;
  /** Shares of the limit at which a warning is raised, ascending; 1 is the last. */
  #thresholds: readonly number[];
  #window: Window;
  #spent: NanoUsd;
  #held: NanoUsd;
  /** When each call that is allowed beyond the limit has to have come, ms; null: at any time. */
  #allowances: Array<number | null> = [];
  #raise: { readonly limit: NanoUsd; readonly until: number | null } | null = null;
  #pause: { readonly until: number | null } | null = null;
  #exhausted = false;
  readonly #raisedAlerts = new Set<string>();

  constructor(budget: Budget, sources: AccountSources, now: number) {
    this.#sources = sources;
    this.#budget = budget;
    this.#thresholds = thresholdsOf(budget);
    this.#window = windowAt(budget.window, now, sources.calendar);
    this.#spent = sources.spentOf(budget, this.#window);
    this.#held = sources.heldOf(budget, this.#window);
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
    return this.#allowances.length;
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

  /** Whether so much is spent that calls go to another model; a paused budget sends none there. */
  get isSwitching(): boolean {
    const { switchTo } = this.#budget;
    return switchTo !== undefined && this.#pause === null && this.#spent >= switchTo.from * this.limitNanoUsd;
  }

  /** `spent`: nothing is left, or what is left did not buy the last call that asked, which was not too large anyway. */
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
    if (counts) {
      this.#open(windowAt(budget.window, now, this.#sources.calendar));
    } else {
      this.#exhausted = false;
      this.#held = this.#sources.heldOf(budget, this.#window);
    }
  }

  /** Opens the window of `now` if another one is open: after its end, or when the clock was set back. */
  roll(now: number): void {
    if (this.#raise !== null && this.#raise.until !== null && now >= this.#raise.until) {
      this.#raise = null;
    }
    if (this.#pause !== null && this.#pause.until !== null && now >= this.#pause.until) {
      this.#pause = null;
    }
    if (this.#allowances.length > 0) {
      this.#allowances = this.#allowances.filter((until) => until === null || now < until);
    }
    if (!isWithin(this.#window, now)) {
      this.#open(windowAt(this.#budget.window, now, this.#sources.calendar));
    }
  }

  /** A call was let through. Only one that costs something and was not merely allowed shows that something is left. */
  hold(nano: NanoUsd, isAllowed: boolean): void {
    this.#held += nano;
    if (nano > 0 && !isAllowed) {
      this.#exhausted = false;
    }
  }

  settle(heldNano: NanoUsd, costNano: NanoUsd): void {
    this.#held -= heldNano;
    this.#spent += costNano;
  }

  /** Takes the oldest allowance for a call that is let through although it does not fit. */
  useAllowance(): void {
    this.#allowances.shift();
  }

  /**
   * A call was refused that would have needed so much. One that only other calls' holds kept out, and one that would have
   * taken more than half of the whole limit, say nothing about what has been spent.
   */
  refuse(neededNanoUsd: NanoUsd): void {
    const limit = this.limitNanoUsd;
    if (neededNanoUsd > limit - this.#spent && 2 * neededNanoUsd <= limit) {
      this.#exhausted = true;
    }
  }

  decide(decision: Decision, now: number): void {
    switch (decision.kind) {
      case "allow-once":
        this.#allowances.push(decision.until);
        return;
      case "raise":
        if (decision.limitNanoUsd !== null && (decision.until === null || decision.until > now)) {
          this.#raise = { limit: decision.limitNanoUsd, until: decision.until };
          this.#exhausted = false;
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

  /** Thresholds that are reached and were not yet, under this limit in this window. */
  takeAlerts(): Array<Omit<Alert, "id">> {
    const limitNanoUsd = this.limitNanoUsd;
    const alerts: Array<Omit<Alert, "id">> = [];
    for (const threshold of limitNanoUsd === 0 ? [] : this.#thresholds) {
      const reached = threshold === 1 ? this.state === "spent" : this.#spent >= threshold * limitNanoUsd;
      const windowStart = this.#window.start;
      if (reached && !this.#raisedAlerts.has(alertKey({ threshold, windowStart, limitNanoUsd }))) {
        this.restoreAlert({ threshold, windowStart, limitNanoUsd });
        alerts.push({
          budget: this.#budget.name,
          threshold,
          windowStart,
          spentNanoUsd: this.#spent,
          limitNanoUsd,
        });
      }
    }
    return alerts;
  }

  /** Counts an alert as raised: for its window and its limit, since a new limit warns anew. */
  restoreAlert(alert: Pick<Alert, "threshold" | "windowStart" | "limitNanoUsd">): void {
    this.#raisedAlerts.add(alertKey(alert));
    if (this.#raisedAlerts.size > REMEMBERED_ALERTS) {
      const [oldest] = this.#raisedAlerts;
      this.#raisedAlerts.delete(oldest as string);
    }
  }

  #open(window: Window): void {
    this.#window = window;
    this.#spent = this.#sources.spentOf(this.#budget, window);
    this.#held = this.#sources.heldOf(this.#budget, window);
    this.#exhausted = false;
  }
}

function alertKey(alert: Pick<Alert, "threshold" | "windowStart" | "limitNanoUsd">): string {
  return `${alert.windowStart} ${alert.limitNanoUsd} ${alert.threshold}`;
}

function thresholdsOf(budget: Budget): readonly number[] {
  return [...new Set([...budget.warnAt, 1])].sort((a, b) => a - b);
}
