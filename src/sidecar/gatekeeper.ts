import { randomUUID } from "node:crypto";
import { type Attribution, type Budget, scopeMatches } from "../domain/budget.ts";
import type { Call } from "../domain/call.ts";
import type { Accrual } from "../domain/compute/computeEvents.ts";
import type { Decision, Held, NewEvent, Refusal } from "../domain/events.ts";
import type { Gate } from "../domain/gate.ts";
import type { NanoUsd } from "../domain/money.ts";
import { isWithin, type Window } from "../domain/window.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Departure } from "./departure.ts";
import { GatheredEvents } from "./gatheredEvents.ts";
import { Refusals } from "./refusals.ts";
import type { Turn } from "./turn.ts";
import { type CallRequest, WaitingLine, type WaitingLineOptions } from "./waitingLine.ts";

/** `at` is when the call was let in, ms: its cost counts in the windows of that instant. `gone`: its client did not wait. */
export type Admission =
  | { readonly kind: "held"; readonly held: Held; readonly at: number; readonly isHard: boolean }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "gone" };

/**
 * How long, in ms, a settlement may wait for others to share a sync with. Nobody waits for it: the answer is with the client
 * already, and the gate counts it at once.
 */
const SETTLE_PATIENCE_MS = 5;

export interface GatekeeperOptions extends WaitingLineOptions {
  readonly ledger: Ledger;
  readonly turn: Turn;
  readonly timeZone: string;
}

/** The gate's face towards calls: lets them wait their turn, and writes what was decided to the journal. */
export class Gatekeeper {
  readonly gate: Gate;
  readonly refusals: Refusals;
  readonly #ledger: Ledger;
  readonly #turn: Turn;
  readonly #gathered: GatheredEvents;
  readonly #now: () => number;
  readonly #line: WaitingLine;
  readonly #bookedListeners = new Map<string, Array<() => void>>();
  /** Calls that have been settled and are not in the books yet. */
  readonly #unbooked = new Map<string, Call>();
  /** The same of compute hours, by provider and beginning. */
  readonly #unbookedHours = new Map<string, Accrual>();

  constructor(options: GatekeeperOptions) {
    this.gate = options.gate;
    this.#ledger = options.ledger;
    this.#turn = options.turn;
    this.#gathered = new GatheredEvents(this.#turn, (events) => this.#ledger.appendSoon(...events));
    this.#now = options.now;
    this.#line = new WaitingLine(options);
    this.refusals = new Refusals(options.timeZone);
    this.#ledger.subscribe((event) => {
      if (event.type === "call.settled") {
        this.#unbooked.delete(event.call.id);
      } else if (event.type === "compute.accrued") {
        this.#unbookedHours.delete(nameOf(event.accrual));
      }
    });
  }

  /** What a budget covers of the spend within a window: of the books, and of what is still on its way to them. */
  spentOf({ scope }: Budget, window: Window): NanoUsd {
    let spent = this.#ledger.spentIn(scope, window.start, window.end);
    for (const call of this.#unbooked.values()) {
      const isCovered = scopeMatches(scope, call) || scopeMatches(scope, { ...call, model: call.requestedModel });
      spent += isCovered && isWithin(window, Date.parse(call.startedAt)) ? call.costNanoUsd : 0;
    }
    for (const { provider, from, costNanoUsd } of this.#unbookedHours.values()) {
      spent += scopeMatches(scope, hoursOf(provider)) && isWithin(window, from) ? costNanoUsd : 0;
    }
    return spent;
  }

  /** Holds a call's worst case, waits while only other calls' holds stand in the way, or refuses. */
  async admit(request: CallRequest, departure: Departure): Promise<Admission> {
    const asked = this.#line.enter(request, departure);
    const answer = asked instanceof Promise ? await asked : asked;
    if (answer === null) {
      return { kind: "gone" };
    }
    if (answer.kind !== "held") {
      return { kind: "refused", refusal: this.refusals.of(answer) };
    }
    const { holdNanoUsd, budgets, allowedBy, clampedOutput, at, isHard } = answer;
    const held: Held = {
      ...request.held,
      holdNanoUsd,
      budgets: [...budgets],
      allowedBy: [...allowedBy],
      clampedOutput,
    };
    try {
      if (this.#turn.isCrowded) {
        await this.#gathered.add({ type: "call.held", held });
      } else {
        this.#ledger.appendSoon({ type: "call.held", held });
      }
    } catch (error) {
      this.gate.settle(held.id, 0, this.#now());
      return { kind: "refused", refusal: this.refusals.noLedger(error) };
    }
    return { kind: "held", held, at, isHard };
  }

  /** Books a finished call. It counts against the budgets at once; the promise resolves when it is safe on disk. */
  async settle(call: Call): Promise<void> {
    this.gate.settle(call.id, call.costNanoUsd, this.#now(), call.model === call.requestedModel ? undefined : call);
    this.#unbooked.set(call.id, call);
    this.#line.letIn();
    try {
      await this.#ledger.append({ type: "call.settled", call }, SETTLE_PATIENCE_MS);
    } finally {
      this.#booked(call.id);
    }
    await this.raiseAlerts();
  }

  /** Puts what is known better of a booked call in its place, in the books and against the budgets. */
  async correct(before: Call, call: Call, by: string, why: string): Promise<void> {
    const difference = call.costNanoUsd - before.costNanoUsd;
    const attributions = [before, { ...before, model: before.requestedModel }];
    this.gate.correct(attributions, difference, Date.parse(before.startedAt), this.#now());
    this.#line.letIn();
    await this.#ledger.append({ type: "call.corrected", call, by, why });
    await this.raiseAlerts();
  }

  /** Books a call that was not let through. */
  async refuse(call: Call, refusal: Refusal): Promise<void> {
    if (refusal.reason === "budget" && refusal.budget !== null) {
      this.gate.refused(refusal.budget, refusal.neededNanoUsd ?? 0, this.#now());
    }
    if (refusal.reason !== "no-ledger") {
      await this.#ledger.append({ type: "call.refused", call, refusal });
    }
    this.#booked(call.id);
    await this.raiseAlerts();
  }

  /** Books spend that belongs to no call. Every accrual is in the journal's hands when this returns. */
  async accrue(accruals: readonly Accrual[]): Promise<void> {
    const booked = accruals.map((accrual) => {
      const { provider, from, costNanoUsd } = accrual;
      this.gate.charge(hoursOf(provider), costNanoUsd, from, this.#now());
      this.#unbookedHours.set(nameOf(accrual), accrual);
      return this.#ledger.append({ type: "compute.accrued", accrual });
    });
    await Promise.all(booked);
    await this.raiseAlerts();
  }

  async decide(decision: Omit<Decision, "id">): Promise<Decision> {
    const recorded: Decision = { id: randomUUID(), ...decision };
    await this.#ledger.append({ type: "budget.decided", decision: recorded });
    this.gate.decide(recorded, this.#now());
    this.#line.letIn();
    await this.raiseAlerts();
    return recorded;
  }

  /** To be called when limits have changed: calls that waited may fit now. */
  async budgetsChanged(): Promise<void> {
    this.#line.letIn();
    await this.raiseAlerts();
  }

  async raiseAlerts(): Promise<void> {
    // All are handed over before any is waited for: alerts keep their order when calls settle at the same time.
    const alerts = this.gate.takeAlerts(this.#now());
    if (alerts.length === 0) {
      return;
    }
    await Promise.all(
      alerts.map((alert) => this.#ledger.append({ type: "alert.raised", alert: { id: randomUUID(), ...alert } })),
    );
  }

  /** Hands an event to the kernel, where it outlives this process. @throws LedgerError */
  recordAtOnce(event: NewEvent): void {
    this.#ledger.appendSoon(event);
  }

  async record(event: NewEvent): Promise<void> {
    await this.#ledger.append(event);
  }

  /** Resolves when the call has been booked or `ms` have passed; at once where it is not under way. */
  untilBooked(id: string, ms: number): Promise<void> {
    return new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#bookedListeners.set(id, [...(this.#bookedListeners.get(id) ?? []), done]);
    }).then(() => {
      this.#bookedListeners.delete(id);
    });
  }

  #booked(id: string): void {
    for (const listener of this.#bookedListeners.get(id) ?? []) {
      listener();
    }
  }
}

function nameOf({ provider, from }: Accrual): string {
  return `${from} ${provider}`;
}

/** Hours belong to no model, project, tool or user. */
function hoursOf(provider: string): Attribution {
  return { provider, model: "", tags: [] };
}
