import type { ServerResponse } from "node:http";
import type { Budget } from "../domain/budget.ts";
import { isRun } from "../domain/run.ts";
import type { Passes } from "./passes.ts";

/** How long, in ms, a run may be without its event stream: a sidecar that is replaced is found again within that time. */
const RUN_GRACE_MS = 30_000;

export interface RunsOptions {
  readonly passes: Passes;
  readonly budgets: () => readonly Budget[];
  readonly removeBudget: (name: string) => Promise<unknown>;
  readonly now: () => number;
  readonly graceMs?: number | undefined;
  readonly log: (message: string) => void;
}

/**
 * The ends of runs. A run of `tollgate run` holds an event stream that names it, which its process cannot leave behind: the
 * system closes it however the process ends. A run without one for longer than the grace is over, and what it had of its
 * own is taken away: first its pass, and, so that nothing it started gets past it, its budget only another grace later. Expired
 * passes are forgotten on the way.
 */
export class Runs {
  readonly #options: RunsOptions;
  readonly #graceMs: number;
  readonly #streams = new Map<string, number>();
  /** Since when, in ms of the process's own clock, nothing has been heard of a run. */
  readonly #silentSince = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;

  constructor(options: RunsOptions) {
    this.#options = options;
    this.#graceMs = options.graceMs ?? RUN_GRACE_MS;
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(), Math.max(20, this.#graceMs / 6)).unref();
  }

  stop(): void {
    clearInterval(this.#timer ?? undefined);
  }

  /** A run's event stream has opened; what is not a run's is not looked at. */
  follow(run: string, response: ServerResponse): void {
    if (!isRun(run)) {
      return;
    }
    this.#streams.set(run, (this.#streams.get(run) ?? 0) + 1);
    response.once("close", () => {
      const left = (this.#streams.get(run) ?? 1) - 1;
      if (left > 0) {
        this.#streams.set(run, left);
      } else {
        this.#streams.delete(run);
      }
    });
  }

  #look(): void {
    const { passes, budgets, now, log } = this.#options;
    passes.sweep(now());
    const budgetRuns = budgets().flatMap((budget) => runOf(budget) ?? []);
    const known = new Set([...passes.runs(), ...budgetRuns]);
    for (const run of this.#silentSince.keys()) {
      if (!known.has(run) || this.#streams.has(run)) {
        this.#silentSince.delete(run);
      }
    }
    const at = performance.now();
    for (const run of known) {
      if (this.#streams.has(run)) {
        continue;
      }
      const since = this.#silentSince.get(run) ?? at;
      this.#silentSince.set(run, since);
      if (at - since >= this.#graceMs) {
        this.#silentSince.set(run, at);
        this.#end(run).catch((error: unknown) => log(`What ${run} left could not be taken away: ${String(error)}`));
      }
    }
  }

  async #end(run: string): Promise<void> {
    const { passes, budgets, removeBudget } = this.#options;
    if (passes.runs().has(run)) {
      passes.revokeRun(run);
      return;
    }
    for (const budget of budgets().filter((one) => runOf(one) === run)) {
      await removeBudget(budget.name);
    }
  }
}

/** The run that a budget was made for; null for one that a person made, whatever its window. */
function runOf({ window, scope: { tag } }: Budget): string | null {
  return window === "run" && tag !== undefined && isRun(tag) ? tag : null;
}
