import { crc32 } from "node:zlib";
import type { LedgerDatabase } from "../database.ts";
import { FIGURES } from "../figures.ts";

/** A table as it can be compared between databases that number callers differently. */
interface Table {
  /** "quarter hour", … */
  readonly one: string;
  readonly many: string;
  /** Columns that name a row. */
  readonly names: string;
  readonly values: string;
  readonly from: string;
}

const CALLER = "provider, model, requested_model, project, tool, user, tags, branch";
/** A total from which every call was taken away again equals none at all. */
const ofCallers = (table: string) => `${table} JOIN call_keys ON call_keys.id = ${table}.key_id
  WHERE calls <> 0 OR refused <> 0 OR cost_nano_usd <> 0`;

export const CALLS: Table = { one: "call", many: "calls", names: "id", values: "*", from: "calls" };

export const REFUSALS: Table = {
  one: "refusal",
  many: "refusals",
  names: "call_id",
  values: "refusal",
  from: "refusals",
};

/** What is summed of calls. */
export const TOTALS: readonly Table[] = [
  {
    one: "quarter hour's total",
    many: "quarter hours' totals",
    names: `bucket, ${CALLER}`,
    values: `${FIGURES.join(", ")}, latencies`,
    from: ofCallers("rollups"),
  },
  {
    one: "day's total",
    many: "days' totals",
    names: `bucket, ${CALLER}`,
    values: `${FIGURES.join(", ")}, latencies`,
    from: ofCallers("day_rollups"),
  },
];

/** Everything else that the journal tells. */
export const RECORDS: readonly Table[] = [
  { one: "hold", many: "holds", names: "id", values: "seq, at, held", from: "holds" },
  {
    one: "quarter hour's compute cost",
    many: "quarter hours' compute costs",
    names: "bucket, provider",
    values: "cost_nano_usd, up_ms, shared_nano_usd, rounded_ms, busy_ms, served_prompt_tokens, served_output_tokens",
    from: "compute_rollups",
  },
  { one: "decision", many: "decisions", names: "seq", values: "*", from: "decisions" },
  { one: "alert", many: "alerts", names: "seq", values: "*", from: "alerts" },
  { one: "change", many: "changes", names: "seq", values: "*", from: "changes" },
  {
    one: "provider's state",
    many: "providers' states",
    names: "name",
    values: "at, up, detail",
    from: "provider_states",
  },
  {
    one: "last accrual",
    many: "last accruals",
    names: "provider",
    values: "from_ms, to_ms, cost_nano_usd, more",
    from: "last_accruals",
  },
  {
    one: "interval to be shared",
    many: "intervals to be shared",
    names: "provider, from_ms",
    values: "*",
    from: "open_intervals",
  },
  { one: "unknown time", many: "unknown times", names: "provider, from_ms", values: "to_ms", from: "unknown_times" },
  { one: "stop", many: "stops", names: "seq", values: "*", from: "stop_steps" },
];

/** Checksums of a table's rows by their names, over the databases that share its rows. */
export function rowsOf(table: Table, databases: Iterable<LedgerDatabase>): Map<string, number> {
  const width = table.names.split(",").length;
  const rows = new Map<string, number>();
  for (const database of databases) {
    database.each(`SELECT json_array(${table.names}) AS row_name, ${table.values} FROM ${table.from}`, [], (row) => {
      const { row_name, ...values } = row;
      const name = width === 1 ? String(row_name).slice(1, -1) : String(row_name);
      const sum = crc32(JSON.stringify(values));
      // A row that stands twice differs from one that stands once.
      rows.set(name, rows.has(name) ? crc32(String(sum), rows.get(name)) : sum);
    });
  }
  return rows;
}

/** Says how rows differ from what they should be; null where they do not. */
export function difference(
  { one, many }: Table,
  should: ReadonlyMap<string, number>,
  are: ReadonlyMap<string, number>,
): string | null {
  let missing = 0;
  let wrong = 0;
  for (const [name, sum] of should) {
    const found = are.get(name);
    missing += found === undefined ? 1 : 0;
    wrong += found !== undefined && found !== sum ? 1 : 0;
  }
  const surplus = are.size - (should.size - missing);
  const parts = [
    [missing, "missing"],
    [wrong, "wrong"],
    [surplus, "too many"],
  ] as const;
  const told = parts.flatMap(([count, what]) => (count > 0 ? [`${count} ${count === 1 ? one : many} ${what}`] : []));
  return told.length === 0 ? null : told.join(", ");
}
