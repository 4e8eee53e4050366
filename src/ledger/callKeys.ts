import type { Attribution } from "../domain/budget.ts";
import type { Call } from "../domain/call.ts";
import type { Rates } from "../domain/rates.ts";
import type { LedgerDatabase } from "./database.ts";

/** Who called what; `model` is the model as served. */
export interface CallKey extends Attribution {
  readonly requestedModel: string;
  readonly project: string | null;
  readonly tool: string | null;
  readonly user: string | null;
  readonly branch: string | null;
}

/** The numbers that stand in rows for callers and rates, which repeat in thousands of calls. */
export class CallKeys {
  readonly #database: LedgerDatabase;
  readonly #ids = new Map<string, number>();
  readonly #keys = new Map<number, CallKey>();
  readonly #ratesIds = new Map<string, number>();
  readonly #rates = new Map<number, Rates>();
  /** By the object: calls that were priced alike share it. */
  #ratesSeen = new WeakMap<Rates, number>();

  constructor(database: LedgerDatabase) {
    this.#database = database;
    this.reload();
  }

  /** Reads them anew: after a transaction that was rolled back. */
  reload(): void {
    this.#ids.clear();
    this.#keys.clear();
    this.#ratesIds.clear();
    this.#ratesSeen = new WeakMap();
    this.#rates.clear();
    for (const row of this.#database.all("SELECT * FROM call_keys")) {
      this.#remember(Number(row.id), {
        provider: String(row.provider),
        model: String(row.model),
        requestedModel: String(row.requested_model),
        project: row.project as string | null,
        tool: row.tool as string | null,
        user: row.user as string | null,
        tags: JSON.parse(String(row.tags)) as string[],
        branch: row.branch as string | null,
      });
    }
    for (const row of this.#database.all("SELECT id, rates FROM rate_sets")) {
      this.#rememberRates(Number(row.id), String(row.rates));
    }
  }

  /** Every key by its number. */
  get all(): ReadonlyMap<number, CallKey> {
    return this.#keys;
  }

  key(id: number): CallKey {
    const key = this.#keys.get(id);
    if (key === undefined) {
      throw new Error(`The ledger's database names a caller ${id} that it does not hold`);
    }
    return key;
  }

  rates(id: number): Rates {
    const rates = this.#rates.get(id);
    if (rates === undefined) {
      throw new Error(`The ledger's database names rates ${id} that it does not hold`);
    }
    return rates;
  }

  idOf(call: Call): number {
    const { provider, model, requestedModel, project, tool, user, tags } = call;
    // Entries that older versions wrote into the journal lack it.
    const branch = call.branch ?? null;
    const known = this.#ids.get(textOf(call));
    if (known !== undefined) {
      return known;
    }
    const id = this.#keys.size + 1;
    this.#database.run(
      `INSERT INTO call_keys (id, provider, model, requested_model, project, tool, user, tags, branch)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      [id, provider, model, requestedModel, project, tool, user, JSON.stringify(tags), branch],
    );
    this.#remember(id, { provider, model, requestedModel, project, tool, user, tags: [...tags], branch });
    return id;
  }

  ratesIdOf(rates: Rates): number {
    const seen = this.#ratesSeen.get(rates);
    if (seen !== undefined) {
      return seen;
    }
    const text = JSON.stringify(rates);
    const id = this.#ratesIds.get(text) ?? this.#addRates(text);
    this.#ratesSeen.set(rates, id);
    return id;
  }

  #addRates(text: string): number {
    const id = this.#rates.size + 1;
    this.#database.run("INSERT INTO rate_sets (id, rates) VALUES (?, ?)", [id, text]);
    this.#rememberRates(id, text);
    return id;
  }

  #remember(id: number, key: CallKey): void {
    this.#ids.set(textOf(key), id);
    this.#keys.set(id, key);
  }

  #rememberRates(id: number, text: string): void {
    this.#ratesIds.set(text, id);
    this.#rates.set(id, JSON.parse(text) as Rates);
  }
}

function textOf(key: Omit<CallKey, "branch"> & { readonly branch?: string | null | undefined }): string {
  const { provider, model, requestedModel, project, tool, user, tags, branch = null } = key;
  return JSON.stringify([provider, model, requestedModel, project, tool, user, tags, branch]);
}
