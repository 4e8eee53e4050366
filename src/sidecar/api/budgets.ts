import type { z } from "zod";
import { decisionRequestSchema } from "../../domain/api.ts";
import type { BudgetAccount } from "../../domain/budgetAccount.ts";
import { nanoFromUsd } from "../../domain/money.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Gatekeeper } from "../gatekeeper.ts";
import type { Settings } from "../settings.ts";
import { type ApiRequest, HttpError, integerFrom, readAnyJson, readJson } from "./http.ts";

export interface BudgetRoutesOptions {
  readonly settings: Settings;
  readonly gatekeeper: Gatekeeper;
  readonly ledger: Ledger;
  readonly now: () => number;
}

/** What concerns budgets, and what was decided about them, below `/api/v1/`. */
export function budgetRoutes(options: BudgetRoutesOptions): Record<string, (request: ApiRequest) => unknown> {
  const { settings, ledger } = options;
  return {
    "GET budgets": () => ({ budgets: settings.config.budgets }),
    "POST budgets": async (request) => settings.setBudget(await readAnyJson(request), "api"),
    "PUT budgets *": (request) => putBudget(options, request),
    "DELETE budgets *": async ({ segments }) => {
      const name = segments[1] ?? "";
      if (!(await settings.removeBudget(name, "api"))) {
        throw noBudget(name);
      }
      return { removed: name };
    },
    "POST budgets * decisions": (request) => decide(options, request),
    "GET decisions": ({ query }) => ({ decisions: ledger.decisions(integerFrom(query, "limit", 50, 1, 1_000)) }),
  };
}

async function putBudget({ settings }: BudgetRoutesOptions, request: ApiRequest): Promise<unknown> {
  const body = await readAnyJson(request);
  const name = request.segments[1] ?? "";
  if (typeof body !== "object" || body === null) {
    throw new HttpError(400, "invalid_request", "The request body is not a budget");
  }
  const given = (body as { name?: unknown }).name ?? name;
  if (given !== name) {
    throw new HttpError(400, "invalid_request", `name: "${String(given)}" differs from the "${name}" of the address`);
  }
  return settings.setBudget({ ...body, name }, "api");
}

async function decide({ gatekeeper, now }: BudgetRoutesOptions, request: ApiRequest): Promise<unknown> {
  const wanted = await readJson(request, decisionRequestSchema);
  const budget = request.segments[1] ?? "";
  const account = gatekeeper.gate.account(budget, now());
  if (account === undefined) {
    throw noBudget(budget);
  }
  if (wanted.kind === "pause" && !account.budget.hard) {
    throw new HttpError(400, "invalid_request", `The budget ${budget} only warns: there is nothing to pause`);
  }
  const { kind, by, why } = wanted;
  const limitNanoUsd = kind === "raise" ? nanoFromUsd(wanted.limitUsd) : null;
  return gatekeeper.decide({ budget, kind, limitNanoUsd, until: endOf(wanted, account, now()), by, why });
}

/** When a decision ends by itself, ms since the epoch; null where it does not. */
function endOf(wanted: z.output<typeof decisionRequestSchema>, { window }: BudgetAccount, now: number): number | null {
  switch (wanted.kind) {
    case "raise":
    case "allow-once":
      return window.end;
    case "pause":
      return wanted.minutes === null ? null : Math.round(now + wanted.minutes * 60_000);
    case "resume":
      return null;
  }
}

function noBudget(name: string): HttpError {
  return new HttpError(404, "not_found", `No budget is named ${name}`);
}
