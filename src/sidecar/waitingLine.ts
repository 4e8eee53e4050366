import type { Attribution } from "../domain/budget.ts";
import type { CallBound } from "../domain/callBound.ts";
import type { Held } from "../domain/events.ts";
import type { Admitted, Gate, NotAdmitted } from "../domain/gate.ts";
import type { NanoUsd } from "../domain/money.ts";
import type { Departure } from "./departure.ts";

/** A call that asks to pass, with what the journal keeps of it while it is under way. */
export interface CallRequest {
  readonly held: Omit<Held, "holdNanoUsd" | "budgets" | "allowedBy" | "clampedOutput">;
  readonly attribution: Attribution;
  /** As the gate's `HoldRequest` has them. */
  readonly bound: CallBound | null;
  readonly boundless?: boolean;
  readonly usualNanoUsd: NanoUsd;
}

/** `at` is when the call was let in, ms. */
interface LetIn extends Admitted {
  readonly at: number;
}
/** Null where the client went away while its call waited. */
export type Answer = LetIn | NotAdmitted | null;

interface Waiter {
  readonly request: CallRequest;
  finish(answer: Answer): void;
}

export interface WaitingLineOptions {
  readonly gate: Gate;
  readonly now: () => number;
  /** How long a call waits for others to settle, in ms; read anew for each call. */
  readonly waitMs: () => number;
}

/** The line before the gate: calls that only other calls' holds keep out. First come, first served. */
export class WaitingLine {
  readonly #options: WaitingLineOptions;
  readonly #waiters: Waiter[] = [];

  constructor(options: WaitingLineOptions) {
    this.#options = options;
  }

  /** The gate's answer: at once, or as a promise where the call waits for it. */
  enter(request: CallRequest, departure: Departure): Answer | Promise<Answer> {
    if (this.#mustQueue(request)) {
      return this.#wait(request, departure);
    }
    const answer = this.#hold(request);
    return answer.kind === "wait" && this.#options.waitMs() > 0 ? this.#wait(request, departure) : answer;
  }

  /** Lets in whoever fits now, in order; nobody overtakes one who waits for the same budget. */
  letIn(): void {
    if (this.#waiters.length === 0) {
      return;
    }
    const stillFull = new Set<string>();
    for (const waiter of [...this.#waiters]) {
      const hardBudgets = this.#hardBudgetsOf(waiter.request);
      if (hardBudgets.some((name) => stillFull.has(name))) {
        continue;
      }
      const answer = this.#hold(waiter.request);
      if (answer.kind === "wait") {
        for (const name of hardBudgets) {
          stillFull.add(name);
        }
      } else {
        waiter.finish(answer);
      }
    }
  }

  /** A newcomer stands behind those who wait for the same budgets, unless it costs nothing. */
  #mustQueue(request: CallRequest): boolean {
    if (this.#waiters.length === 0) {
      return false;
    }
    const preview = this.#options.gate.preview(request, this.#options.now());
    if (preview.kind === "refused" || (preview.kind === "held" && preview.holdNanoUsd === 0)) {
      return false;
    }
    const mine = this.#hardBudgetsOf(request);
    return this.#waiters.some((waiter) => this.#hardBudgetsOf(waiter.request).some((name) => mine.includes(name)));
  }

  /** Asked anew each time: a budget may be paused, or changed, while a call waits for it. */
  #hardBudgetsOf({ attribution }: CallRequest): string[] {
    return this.#options.gate.hardBudgetsOf(attribution, this.#options.now());
  }

  #hold(request: CallRequest): LetIn | NotAdmitted {
    const at = this.#options.now();
    const answer = this.#options.gate.hold({ ...request, id: request.held.id }, at);
    return answer.kind === "held" ? { ...answer, at } : answer;
  }

  #wait(request: CallRequest, departure: Departure): Promise<Answer> {
    if (departure.hasGone) {
      return Promise.resolve(null);
    }
    return new Promise((resolve) => {
      /** Those behind it may fit where it did not. */
      const stopWaiting = (answer: Answer) => {
        waiter.finish(answer);
        this.letIn();
      };
      const timer = setTimeout(() => stopWaiting(this.#hold(request)), this.#options.waitMs());
      const leave = () => stopWaiting(null);
      const waiter: Waiter = {
        request,
        finish: (answer) => {
          clearTimeout(timer);
          departure.off(leave);
          const index = this.#waiters.indexOf(waiter);
          if (index >= 0) {
            this.#waiters.splice(index, 1);
          }
          resolve(answer);
        },
      };
      this.#waiters.push(waiter);
      departure.on(leave);
    });
  }
}
