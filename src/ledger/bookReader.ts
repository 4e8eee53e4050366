import { setImmediate } from "node:timers/promises";
import type { CallsPage, Summary, SummaryBy } from "../domain/api.ts";
import type { RecordedSwitch } from "../domain/backends/backendSwitch.ts";
import type { Scope } from "../domain/budget.ts";
import type { Call } from "../domain/call.ts";
import type { Accrual } from "../domain/compute/computeEvents.ts";
import type { ServedCall } from "../domain/compute/shares.ts";
import type { Correction, Decision, RaisedAlert, RecordedDecision, Refusal } from "../domain/events.ts";
import type { NanoUsd } from "../domain/money.ts";
import type { Books } from "./books.ts";
import { activeDecisions, alertsSince, decisions } from "./queries/budgetRecords.ts";
import { type CallsFilter, callById, callsPage, exportCalls, refusalOf } from "./queries/calls.ts";
import {
  accruedByProvider,
  type ComputeSums,
  computeSums,
  lastAccrual,
  openIntervals,
  providerState,
  servedCalls,
  stopSteps,
} from "./queries/compute.ts";
import { correctionsOf, deferredCall } from "./queries/corrections.ts";
import { type Lesson, lessons } from "./queries/lessons.ts";
import { type ModelSpend, type Spend, spendByModel, spendByPeriod, spentIn, totals } from "./queries/spend.ts";
import { summary, summarySteps } from "./queries/summary.ts";
import { switches } from "./queries/switches.ts";

/** Every question that can be put to the books. Times are ms since the epoch; null bounds nothing. */
export abstract class BookReader {
  /** The books with everything that has been acknowledged. */
  protected abstract get books(): Books;

  spentIn(scope: Scope, from: number | null, to: number | null): NanoUsd {
    return spentIn(this.books, scope, { from, to });
  }

  totals(from: number | null, to: number | null): Spend {
    return totals(this.books, { from, to });
  }

  spendByPeriod(starts: readonly number[]): Spend[] {
    return spendByPeriod(this.books, starts);
  }

  spendByModel(from: number | null, to: number | null): ModelSpend[] {
    return spendByModel(this.books, { from, to });
  }

  summary(by: SummaryBy, from: number | null, to: number | null, timeZone: string): Summary {
    return summary(this.books, by, { from, to }, timeZone);
  }

  /** As `summary`, in short steps: a large ledger keeps nobody waiting who comes meanwhile. */
  async summaryInSteps(by: SummaryBy, from: number | null, to: number | null, timeZone: string): Promise<Summary> {
    const { books } = this;
    const archives = books.archives.all;
    const steps = summarySteps(books, by, { from, to }, timeZone);
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done === true) {
        return step.value;
      }
      await setImmediate();
      if (books.archives.all !== archives) {
        // Calls have moved from one file to another, and could be seen twice.
        return summary(this.books, by, { from, to }, timeZone);
      }
    }
  }

  callsPage(filter: CallsFilter, cursor: string | null, limit: number): CallsPage {
    return callsPage(this.books, filter, cursor, limit);
  }

  lessons(since: number, limit: number): Lesson[] {
    return lessons(this.books, since, limit);
  }

  callById(id: string): Call | null {
    return callById(this.books, id);
  }

  refusalOf(callId: string): Refusal | null {
    return refusalOf(this.books, callId);
  }

  exportCalls(from: number | null, to: number | null): Generator<Call> {
    return exportCalls(() => this.books, { from, to });
  }

  alertsSince(atMs: number): RaisedAlert[] {
    return alertsSince(this.books, atMs);
  }

  activeDecisions(nowMs: number): Decision[] {
    return activeDecisions(this.books, nowMs);
  }

  decisions(limit: number): RecordedDecision[] {
    return decisions(this.books, limit);
  }

  switches(limit: number): RecordedSwitch[] {
    return switches(this.books, limit);
  }

  deferredCall(provider: string, deferredId: string): string | null {
    return deferredCall(this.books, provider, deferredId);
  }

  correctionsOf(callId: string): Correction[] {
    return correctionsOf(this.books, callId);
  }

  accruedByProvider(from: number | null, to: number | null): Map<string, NanoUsd> {
    return accruedByProvider(this.books, { from, to });
  }

  lastAccrual(provider: string): Accrual | null {
    return lastAccrual(this.books, provider);
  }

  computeSums(provider: string, from: number | null, to: number | null): ComputeSums {
    return computeSums(this.books, provider, { from, to });
  }

  providerState(name: string): ReturnType<typeof providerState> {
    return providerState(this.books, name);
  }

  openIntervals(): Accrual[] {
    return openIntervals(this.books);
  }

  servedCalls(provider: string, from: number, to: number): ServedCall[] {
    return servedCalls(this.books, provider, { from, to });
  }

  stopSteps(provider: string): ReturnType<typeof stopSteps> {
    return stopSteps(this.books, provider);
  }
}
