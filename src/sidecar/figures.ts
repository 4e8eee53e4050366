import type { ComputeStatus, Overview, Spender, Status } from "../domain/api.ts";
import { computeForecast, type RunningServer } from "../domain/compute/computeForecast.ts";
import type { Config } from "../domain/config.ts";
import type { Gate } from "../domain/gate.ts";
import { type Calendar, lastDays, localDayKey, windowAt } from "../domain/window.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { ModelSpend } from "../ledger/queries/spend.ts";
import { budgetStatus } from "./budgetStatus.ts";
import type { ComputeMeter } from "./compute/computeMeter.ts";
import type { ComputeReports } from "./compute/computeReports.ts";
import { forecastNotice } from "./compute/forecastNotice.ts";
import type { StopCommands } from "./compute/stopCommands.ts";
import type { Learned } from "./learned.ts";
import { whoSpent } from "./whoSpent.ts";

const TOP_MODELS = 5;
const RECENT_CALLS = 50;
/** Models of unknown price that are named one by one. */
const TOLD_UNPRICED = 3;

/** What this process is, as its status tells. */
export interface Identity {
  readonly version: string;
  readonly pid: number;
  readonly url: string;
  readonly dataDir: string;
  readonly startedAt: number;
}

export interface FiguresOptions {
  readonly identity: () => Identity;
  readonly config: () => Config;
  readonly calendar: () => Calendar;
  readonly gate: Gate;
  readonly ledger: Ledger;
  readonly meter: ComputeMeter;
  readonly stopCommands: StopCommands;
  readonly computeReports: ComputeReports;
  readonly learned: Learned;
  readonly now: () => number;
  /** Whether it is known what a model costs now. */
  readonly isPriced: (provider: string, model: string) => boolean;
  /** What is wrong beside the ledger's own notices. */
  readonly notices: () => readonly string[];
}

/** Puts together what status bar, panel and command line show, from the gate's counters and the ledger's sums. */
export class Figures {
  readonly #options: FiguresOptions;

  constructor(options: FiguresOptions) {
    this.#options = options;
  }

  status(): Status {
    const { gate, ledger } = this.#options;
    const now = this.#options.now();
    const calendar = this.#options.calendar();
    const { startedAt, ...identity } = this.#options.identity();
    const accounts = gate.accounts(now);
    const today = windowAt("day", now, calendar);
    const month = windowAt("month", now, calendar);
    const models = ledger.spendByModel(month.start, month.end);
    const running = this.#running();
    const budgets = accounts.map((account) => budgetStatus(account, computeForecast(account, running, now)));
    return {
      ...identity,
      startedAt: new Date(startedAt).toISOString(),
      now: new Date(now).toISOString(),
      timeZone: calendar.timeZone,
      budgets,
      heldNanoUsd: gate.heldNanoUsd,
      callsInFlight: gate.callsInFlight,
      today: ledger.totals(today.start, today.end),
      month: ledger.totals(month.start, month.end),
      topModels: models.slice(0, TOP_MODELS).map(({ unpricedCalls: _, ...model }) => model),
      compute: this.#compute(today.start, month.start),
      notices: [
        ...ledger.notices,
        ...this.#options.notices(),
        ...budgets.flatMap((budget) => forecastNotice(budget, now, calendar.timeZone)),
        ...this.#unpriced(models),
      ],
    };
  }

  /** Everything the cost panel shows, over the last `days` local days, and who spent it. */
  async overview(days: number, by: Spender): Promise<Overview> {
    const { ledger, learned } = this.#options;
    const now = this.#options.now();
    const { timeZone } = this.#options.calendar();
    const starts = lastDays(days, now, timeZone);
    const first = starts[0] ?? now;
    const spenders = await whoSpent(ledger, by, first, timeZone);
    const spend = ledger.spendByPeriod(starts);
    const windowStarts = new Map(
      this.#options.gate.accounts(now).map(({ budget, window }) => [budget.name, window.start]),
    );
    return {
      status: this.status(),
      days: starts.map((start, index) => ({
        day: localDayKey(start, timeZone),
        costNanoUsd: spend[index]?.costNanoUsd ?? 0,
        calls: spend[index]?.calls ?? 0,
      })),
      models: ledger.summary("model", first, null, timeZone).groups,
      whoSpent: spenders,
      compute: this.#options.computeReports.servers({ from: first, to: null }),
      estimateErrors: learned.errors.all(),
      recentCalls: ledger.callsPage({}, null, RECENT_CALLS).calls,
      alerts: ledger
        .alertsSince(Math.min(...windowStarts.values(), now))
        .filter(({ budget, windowStart }) => windowStarts.get(budget) === windowStart),
    };
  }

  /** Calls that passed and count as nothing, as long as nobody has said what they cost. */
  #unpriced(models: readonly ModelSpend[]): string[] {
    const unpriced = models.filter(
      ({ provider, model, unpricedCalls }) => unpricedCalls > 0 && !this.#options.isPriced(provider, model),
    );
    const told = unpriced.slice(0, TOLD_UNPRICED).map(({ provider, model, unpricedCalls }) => {
      const count = unpricedCalls === 1 ? "1 call" : `${unpricedCalls} calls`;
      return model === ""
        ? `${count} of this month went to routes of ${provider} that Tollgate does not know: what they cost is not counted.`
        : `The price of ${provider}/${model} is not known: ${count} of this month ${unpricedCalls === 1 ? "is" : "are"} counted without a cost. Set it with 'tollgate prices set' or with 'Tollgate: Set Model Price…' in VS Code.`;
    });
    const more = unpriced.length - told.length;
    return more > 0 ? [...told, `The prices of ${more} more models that were called this month are not known.`] : told;
  }

  #running(): RunningServer[] {
    const { meter, config } = this.#options;
    return Object.keys(config().providers).flatMap((provider) => {
      const rate = meter.rateOf(provider);
      return rate !== null && meter.stateOf(provider).up ? [{ provider, rate }] : [];
    });
  }

  #compute(today: number, month: number): ComputeStatus[] {
    const { ledger, meter, stopCommands, now, config } = this.#options;
    const metered = Object.entries(config().providers).flatMap(([provider]) => {
      const rate = meter.rateOf(provider);
      return rate === null ? [] : [{ provider, hourlyRateUsd: rate.usdAt(now()) }];
    });
    if (metered.length === 0) {
      return [];
    }
    const ofToday = ledger.accruedByProvider(today, null);
    const ofMonth = ledger.accruedByProvider(month, null);
    return metered.map(({ provider, hourlyRateUsd }) => {
      const { up, upSince, detail } = meter.stateOf(provider);
      return {
        provider,
        up,
        upSince: upSince === null ? null : new Date(upSince).toISOString(),
        hourlyRateUsd,
        todayNanoUsd: ofToday.get(provider) ?? 0,
        monthNanoUsd: ofMonth.get(provider) ?? 0,
        detail,
        stopCommand: stopCommands.stateOf(provider),
      };
    });
  }
}
