import type { BudgetAccount } from "../domain/budgetAccount.ts";
import type { Refusal } from "../domain/events.ts";
import type { NotAdmitted } from "../domain/gate.ts";
import { refusalMessage } from "../domain/refusalMessage.ts";

/** Puts the gate's answers into words, with times in a time zone (IANA name). */
export class Refusals {
  readonly #timeZone: string;

  constructor(timeZone: string) {
    this.#timeZone = timeZone;
  }

  /** The refusal that an answer of the gate means. */
  of({ reason, account, worstCaseNanoUsd, neededNanoUsd }: NotAdmitted): Refusal {
    return this.#withMessage({ reason, ...figuresOf(account), worstCaseNanoUsd, neededNanoUsd });
  }

  /** The same refusal for a call on a route that nobody knows, rather than for want of a price. */
  unmetered(refusal: Refusal): Refusal {
    return refusal.reason === "unpriced" ? this.#withMessage({ ...refusal, reason: "unmetered" }) : refusal;
  }

  /** A call of which the journal takes no note does not pass. */
  noLedger(error: unknown): Refusal {
    const refusal: Refusal = { reason: "no-ledger", ...NO_FIGURES, message: "" };
    const why = error instanceof Error ? error.message : String(error);
    return { ...refusal, message: `${refusalMessage(refusal, this.#timeZone)} ${why}`.trim() };
  }

  #withMessage(refusal: Omit<Refusal, "message">): Refusal {
    const complete: Refusal = { ...refusal, message: "" };
    return { ...complete, message: refusalMessage(complete, this.#timeZone) };
  }
}

const NO_FIGURES = {
  budget: null,
  window: null,
  spentNanoUsd: 0,
  heldNanoUsd: 0,
  limitNanoUsd: 0,
  worstCaseNanoUsd: null,
  neededNanoUsd: null,
  resetsAt: null,
} as const;

function figuresOf(account: BudgetAccount): Omit<Refusal, "reason" | "message" | "worstCaseNanoUsd" | "neededNanoUsd"> {
  return {
    budget: account.budget.name,
    window: account.budget.window,
    spentNanoUsd: account.spentNanoUsd,
    heldNanoUsd: account.heldNanoUsd,
    limitNanoUsd: account.limitNanoUsd,
    resetsAt: account.window.end === null ? null : new Date(account.window.end).toISOString(),
  };
}
