import { spawn } from "node:child_process";
import { homedir } from "node:os";
import type { StopStep } from "../../domain/compute/computeEvents.ts";
import type { StopCommandState } from "../../domain/computeApi.ts";
import type { Config } from "../../domain/config.ts";
import type { TollgateEvent } from "../../domain/events.ts";
import type { Gate } from "../../domain/gate.ts";
import type { Ledger } from "../../ledger/ledger.ts";

export interface StopCommandsOptions {
  readonly config: () => Config;
  readonly ledger: Ledger;
  readonly gate: Gate;
  /** Whether a server is up. */
  readonly isUp: (provider: string) => boolean;
  readonly now: () => number;
  readonly log: (message: string) => void;
}

/** So long, in ms, a command may take. */
const LONGEST_RUN_MS = 600_000;

/** How a command ended: its exit code, or what kept it from running to its end. */
interface End {
  readonly exitCode: number | null;
  readonly trouble: string | null;
}

/**
 * Runs users' own commands that stop servers when a hard budget that covers them is spent: only what a person has confirmed
 * word by word, and once for each budget's window. Every step is in the journal before it is taken.
 */
export class StopCommands {
  readonly #options: StopCommandsOptions;
  readonly #running = new Set<string>();
  #unsubscribe: () => void = () => {};

  constructor(options: StopCommandsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#unsubscribe = this.#options.ledger.subscribe((event) => this.#hear(event));
  }

  stop(): void {
    this.#unsubscribe();
  }

  /** Null where none is configured. */
  stateOf(provider: string): StopCommandState | null {
    const command = this.#commandOf(provider);
    if (command === null) {
      return null;
    }
    const steps = this.#options.ledger.stopSteps(provider);
    const last = steps.findLast(({ step }) => step === "started" || step === "ended");
    return {
      command: [...command],
      allowed: isAllowed(steps, command),
      lastRun:
        last === undefined
          ? null
          : {
              at: new Date(last.at).toISOString(),
              budget: last.budget,
              ended: last.step === "ended",
              exitCode: last.exitCode,
              trouble: last.trouble,
            },
    };
  }

  /** Allows a provider's command to run, or forbids it. False where it is not the one that is configured. */
  async decide(provider: string, command: readonly string[], allowed: boolean, by: string): Promise<boolean> {
    const configured = this.#commandOf(provider);
    if (configured === null || !isSame(configured, command)) {
      return false;
    }
    await this.#record(provider, command, { step: allowed ? "allowed" : "forbidden", by });
    this.#runDue(provider);
    return true;
  }

  #hear(event: TollgateEvent): void {
    if (event.type === "compute.accrued") {
      this.#runDue(event.accrual.provider);
    } else if (event.type === "alert.raised" && event.alert.threshold === 1) {
      for (const provider of Object.keys(this.#options.config().providers)) {
        this.#runDue(provider);
      }
    }
  }

  #runDue(provider: string): void {
    const command = this.#commandOf(provider);
    if (command === null || this.#running.has(provider) || !this.#options.isUp(provider)) {
      return;
    }
    const { ledger, gate, now, log } = this.#options;
    const spent = gate
      .accountsFor({ provider, model: "", tags: [] }, now())
      .filter((account) => account.isHard && account.spentNanoUsd >= account.limitNanoUsd);
    if (spent.length === 0) {
      return;
    }
    const steps = ledger.stopSteps(provider);
    const due = spent.find(
      ({ budget, window }) =>
        !steps.some((one) => one.step === "started" && one.budget === budget.name && one.windowStart === window.start),
    );
    if (due === undefined || !isAllowed(steps, command)) {
      return;
    }
    this.#running.add(provider);
    this.#run(provider, command, { budget: due.budget.name, windowStart: due.window.start })
      .catch((error: unknown) => {
        log(`The stop command of ${provider} was not run: ${error instanceof Error ? error.message : String(error)}`);
      })
      .finally(() => this.#running.delete(provider));
  }

  async #run(
    provider: string,
    command: readonly string[],
    why: { readonly budget: string; readonly windowStart: number },
  ): Promise<void> {
    const by = `the budget ${why.budget}`;
    await this.#record(provider, command, { ...why, step: "started", by });
    this.#options.log(`The budget ${why.budget} is spent: the stop command of ${provider} runs`);
    const end = await runToEnd(command);
    this.#options.log(`The stop command of ${provider} ended: ${end.trouble ?? `exit code ${end.exitCode}`}`);
    await this.#record(provider, command, { ...why, ...end, step: "ended", by });
  }

  async #record(
    provider: string,
    command: readonly string[],
    parts: Pick<StopStep, "step" | "by"> & Partial<StopStep>,
  ): Promise<void> {
    const none = { budget: null, windowStart: null, exitCode: null, trouble: null };
    await this.#options.ledger.append({
      type: "compute.stop",
      stop: { provider, command: [...command], ...none, ...parts },
    });
  }

  #commandOf(provider: string): readonly string[] | null {
    const { providers } = this.#options.config();
    const pricing = Object.hasOwn(providers, provider) ? providers[provider]?.pricing : undefined;
    return pricing?.kind === "compute-hour" ? (pricing.stopCommand ?? null) : null;
  }
}

/** What was decided last counts, and only for the very command that it was decided of. */
function isAllowed(steps: readonly StopStep[], command: readonly string[]): boolean {
  const last = steps.findLast(({ step }) => step === "allowed" || step === "forbidden");
  return last?.step === "allowed" && isSame(last.command, command);
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Runs a program with its arguments as they stand, without a shell. What it prints goes nowhere. */
function runToEnd([program = "", ...args]: readonly string[]): Promise<End> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { shell: false, stdio: "ignore", cwd: homedir(), windowsHide: true });
    let trouble: string | null = null;
    const timer = setTimeout(() => {
      trouble = "it did not end within 10 minutes, and was ended";
      child.kill("SIGKILL");
    }, LONGEST_RUN_MS);
    timer.unref();
    child.once("error", (error) => {
      clearTimeout(timer);
      resolve({
        exitCode: null,
        trouble: `it could not be started (${(error as NodeJS.ErrnoException).code ?? error.message})`,
      });
    });
    child.once("exit", (exitCode, signal) => {
      clearTimeout(timer);
      resolve({ exitCode, trouble: trouble ?? (signal === null ? null : `it was ended by ${signal}`) });
    });
  });
}
