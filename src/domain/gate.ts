import { type Attribution, type Budget, scopeDivides, scopeMatches } from "./budget.ts";
import { BudgetAccount, type SpentOf } from "./budgetAccount.ts";
import { type CallBound, outputTokensFor, worstCaseOf } from "./callBound.ts";
import type { GateSettings } from "./config.ts";
import type { Alert, Decision } from "./events.ts";
import type { NanoUsd } from "./money.ts";
import { type Calendar, isWithin, type Window } from "./window.ts";

export interface GateOptions {
  readonly calendar: Calendar;
  /** Read anew for each call, since they can change. */
  readonly settings: () => GateSettings;
  readonly spentOf: SpentOf;
  /** Whether calls to a provider, though they cost nothing, are refused when a hard budget is spent; absent: none are. */
  readonly refusesWhenSpent?: (provider: string) => boolean;
}

/** A call that asks to pass. `usualNanoUsd` is what calls like it usually cost at most: soft budgets hold that. */
export interface HoldRequest {
  readonly id: string;
  readonly attribution: Attribution;
  /** Null where nobody knows the price, or how much the call can cost at most. */
  readonly bound: CallBound | null;
  /** Whether it is the amount of work that nobody knows, not the price. */
  readonly boundless?: boolean;
  readonly usualNanoUsd: NanoUsd;
}

export interface Admitted {
  readonly kind: "held";
  /** What hard budgets hold; 0 where the call costs nothing or no price is known. */
  readonly holdNanoUsd: NanoUsd;
  readonly budgets: readonly string[];
  /** Whether one of them refuses what does not fit. */
  readonly isHard: boolean;
  readonly allowedBy: readonly string[];
  /** Output tokens to write into the request (for each answer), where it had to be lowered; else null. */
  readonly clampedOutput: number | null;
}

/** `wait`: only other calls' holds stand in the way. `refused`: it cannot fit. */
export interface NotAdmitted {
  readonly kind: "wait" | "refused";
  readonly reason: "budget" | "unpriced" | "boundless";
  readonly account: BudgetAccount;
  /** The least that would have to fit: input plus a useful answer. Null where no price is known. */
  readonly neededNanoUsd: NanoUsd | null;
  readonly worstCaseNanoUsd: NanoUsd | null;
}

/** A call under way. It belongs to the windows of the instant `at` (ms) at which it was let in. */
interface Hold {
  readonly at: number;
  readonly attribution: Attribution;
  readonly worstNanoUsd: NanoUsd;
  readonly usualNanoUsd: NanoUsd;
}

/** In a pause too the worst case is held: when it ends, calls that it let in leave the others what is really left. */
function heldBy(budget: Budget, { worstNanoUsd, usualNanoUsd }: Hold): NanoUsd {
  return budget.hard ? worstNanoUsd : Math.min(usualNanoUsd, worstNanoUsd);
}

/**
 * The gate: holds a call's worst case against every hard budget it falls under, all or nothing, and its usual cost against
 * soft ones; settles holds to real costs. In memory, O(budgets). It has no clock: `now` is ms since the epoch.
 */
export class Gate {
  readonly #options: GateOptions;
  #accounts: BudgetAccount[] = [];
  readonly #holds = new Map<string, Hold>();

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /**
   * Puts a new list of budgets in force. Budgets that stay keep their raises, allowances and raised alerts; calls under way
   * are held against all that cover them, also against those that are new.
   */
  setBudgets(budgets: readonly Budget[], now: number): void {
    const before = new Map(this.#accounts.map((account) => [account.budget.name, account]));
    const { calendar, spentOf } = this.#options;
    const sources = { calendar, spentOf, heldOf: (budget: Budget, window: Window) => this.#heldOf(budget, window) };
    this.#accounts = budgets.map((budget) => {
      const known = before.get(budget.name);
      if (known === undefined) {
        return new BudgetAccount(budget, sources, now);
      }
      known.replace(budget, now);
      return known;
    });
  }

  /** The budgets' accounts as they stand at `now`, in configured order. */
  accounts(now: number): readonly BudgetAccount[] {
    for (const account of this.#accounts) {
      account.roll(now);
    }
    return this.#accounts;
  }

  account(name: string, now: number): BudgetAccount | undefined {
    return this.accounts(now).find((account) => account.budget.name === name);
  }

  /** Names of the hard budgets that a call falls under. */
  hardBudgetsOf(attribution: Attribution, now: number): string[] {
    return this.accountsFor(attribution, now)
      .filter((account) => account.isHard)
      .map((account) => account.budget.name);
  }

  /** What calls in flight hold in all, in nano-USD; each call once, however many budgets it falls under. */
  get heldNanoUsd(): NanoUsd {
    let held = 0;
    for (const hold of this.#holds.values()) {
      held += hold.worstNanoUsd;
    }
    return held;
  }

  get callsInFlight(): number {
    return this.#holds.size;
  }

  /** Places a hold or says what stands in the way. Nothing is held unless everything is. */
  hold(request: HoldRequest, now: number): Admitted | NotAdmitted {
    const answer = this.#decide(request, now);
    if (answer.kind !== "held") {
      return answer;
    }
    const { attribution, usualNanoUsd } = request;
    const hold: Hold = { at: now, attribution, worstNanoUsd: answer.holdNanoUsd, usualNanoUsd };
    for (const account of this.accounts(now)) {
      const { budget } = account;
      const isAllowed = answer.allowedBy.includes(budget.name);
      if (isAllowed) {
        account.useAllowance();
      }
      if (scopeMatches(budget.scope, attribution)) {
        account.hold(heldBy(budget, hold), isAllowed);
      }
    }
    this.#holds.set(request.id, hold);
    return answer;
  }

  /** What `hold` would answer now, without holding anything. */
  preview(request: Omit<HoldRequest, "id">, now: number): Admitted | NotAdmitted {
    return this.#decide(request, now);
  }

  /**
   * Turns a hold into spend. The cost is booked in the windows that were open when the call was let in, so a window that
   * has rolled over since is not charged. A call without a hold (a crash lies between) changes nothing. Where another
   * model was served than asked for, `served` names it: budgets that cover only that one are charged too.
   */
  settle(id: string, costNanoUsd: NanoUsd, now: number, served?: Attribution): void {
    const hold = this.#holds.get(id);
    if (hold === undefined) {
      return;
    }
    this.#holds.delete(id);
    for (const account of this.accounts(now)) {
      const { budget, window } = account;
      const holds = scopeMatches(budget.scope, hold.attribution);
      if (isWithin(window, hold.at) && (holds || (served !== undefined && scopeMatches(budget.scope, served)))) {
        account.settle(holds ? heldBy(budget, hold) : 0, costNanoUsd);
      }
    }
  }

  /** Spend that no call was held for, such as compute hours. `from` is when it began. */
  charge(attribution: Attribution, costNanoUsd: NanoUsd, from: number, now: number): void {
    for (const account of this.accountsFor(attribution, now)) {
      if (isWithin(account.window, from)) {
        account.settle(0, costNanoUsd);
      }
    }
  }

  /**
   * A booked call is known to have cost more, or less (`differenceNanoUsd` below 0). `startedAt` is when it started; every
   * budget that covers the call under any of its attributions is charged once.
   */
  correct(attributions: readonly Attribution[], differenceNanoUsd: number, startedAt: number, now: number): void {
    const accounts = new Set(attributions.flatMap((attribution) => this.accountsFor(attribution, now)));
    for (const account of accounts) {
      if (isWithin(account.window, startedAt)) {
        account.settle(0, differenceNanoUsd);
      }
    }
  }

  /** Puts a user's decision in force; decisions about budgets that are gone change nothing. */
  decide(decision: Decision, now: number): void {
    this.account(decision.budget, now)?.decide(decision, now);
  }

  /** Tells a budget of a call that it refused, and what that would have needed at least. */
  refused(name: string, neededNanoUsd: NanoUsd, now: number): void {
    this.account(name, now)?.refuse(neededNanoUsd);
  }

  /** Thresholds crossed and not yet raised in their window; each is given once. */
  takeAlerts(now: number): Array<Omit<Alert, "id">> {
    return this.accounts(now).flatMap((account) => account.takeAlerts());
  }

  /** Restores alerts that earlier runs have raised. */
  restoreAlert(alert: Alert, now: number): void {
    this.account(alert.budget, now)?.restoreAlert(alert);
  }

  /** The accounts of the budgets that a call falls under, as they stand at `now`. */
  accountsFor(attribution: Attribution, now: number): BudgetAccount[] {
    const matching: BudgetAccount[] = [];
    for (const account of this.#accounts) {
      if (scopeMatches(account.budget.scope, attribution)) {
        account.roll(now);
        matching.push(account);
      }
    }
    return matching;
  }

  /** Accounts of hard budgets that cover only some of the models of a call. */
  #dividedOf(attribution: Attribution, now: number): BudgetAccount[] {
    return attribution.otherModels === undefined
      ? []
      : this.accounts(now).filter((account) => account.isHard && scopeDivides(account.budget.scope, attribution));
  }

  #decide(request: Omit<HoldRequest, "id">, now: number): Admitted | NotAdmitted {
    const matching = this.accountsFor(request.attribution, now);
    const divided = this.#dividedOf(request.attribution, now);
    // Nobody can tell how much of the call's work is such a budget's.
    const bound = divided.length === 0 ? request.bound : null;
    const covering = divided.length === 0 ? matching : [...new Set([...matching, ...divided])];
    const hard = covering.filter((account) => account.isHard);
    const isHard = hard.length > 0;
    const budgets = matching.map((account) => account.budget.name);
    const free = (allowedBy: readonly BudgetAccount[]): Admitted => ({
      kind: "held",
      holdNanoUsd: 0,
      budgets,
      isHard,
      allowedBy: allowedBy.map((account) => account.budget.name),
      clampedOutput: null,
    });
    if (bound === null) {
      const blocking = hard.find((account) => account.allowances === 0);
      const reason = request.boundless === true || divided.length > 0 ? "boundless" : "unpriced";
      return blocking === undefined
        ? free(hard)
        : { kind: "refused", reason, account: blocking, neededNanoUsd: null, worstCaseNanoUsd: null };
    }
    const full = worstCaseOf(bound, bound.outputLimitTokens);
    if (full === 0) {
      const refuses = hard.length > 0 && this.#options.refusesWhenSpent?.(request.attribution.provider) === true;
      const spent = refuses ? hard.filter(({ spentNanoUsd, limitNanoUsd }) => spentNanoUsd >= limitNanoUsd) : [];
      const blocking = spent.find((account) => account.allowances === 0);
      return blocking === undefined
        ? free(spent)
        : { kind: "refused", reason: "budget", account: blocking, neededNanoUsd: null, worstCaseNanoUsd: null };
    }
    const usefulTokens = Math.min(bound.outputLimitTokens, this.#options.settings().minOutputTokens);
    const needed = bound.clampable ? worstCaseOf(bound, usefulTokens) : full;
    let tokens = bound.outputLimitTokens;
    const allowedBy: string[] = [];
    let waiting: BudgetAccount | null = null;
    for (const account of hard) {
      if (needed <= account.roomNanoUsd) {
        tokens = Math.min(tokens, this.#tokensFor(bound, account.roomNanoUsd, usefulTokens));
      } else if (account.allowances > 0) {
        allowedBy.push(account.budget.name);
      } else if (needed <= account.roomNanoUsd + account.heldNanoUsd) {
        waiting ??= account;
      } else {
        return { kind: "refused", reason: "budget", account, neededNanoUsd: needed, worstCaseNanoUsd: full };
      }
    }
    if (waiting !== null) {
      return { kind: "wait", reason: "budget", account: waiting, neededNanoUsd: needed, worstCaseNanoUsd: full };
    }
    const clampedOutput = tokens < bound.outputLimitTokens ? tokens : null;
    return { kind: "held", holdNanoUsd: worstCaseOf(bound, tokens), budgets, isHard, allowedBy, clampedOutput };
  }

  /**
   * How many output tokens one call may hold of a budget's room. Agents allow themselves far more output than they use, so
   * one hold takes at most a share of what is left; but never less than a usual answer where that fits.
   */
  #tokensFor(bound: CallBound, room: NanoUsd, usefulTokens: number): number {
    if (!bound.clampable) {
      return bound.outputLimitTokens;
    }
    const share = Math.floor(room * this.#options.settings().tightShare);
    const fromShare = outputTokensFor(bound, share);
    const usual = Math.min(bound.outputLimitTokens, Math.max(bound.usualOutputTokens, usefulTokens));
    return Math.max(Math.min(outputTokensFor(bound, room), Math.max(fromShare, usual)), usefulTokens);
  }

  #heldOf(budget: Budget, window: Window): NanoUsd {
    let held = 0;
    for (const hold of this.#holds.values()) {
      if (isWithin(window, hold.at) && scopeMatches(budget.scope, hold.attribution)) {
        held += heldBy(budget, hold);
      }
    }
    return held;
  }
}
