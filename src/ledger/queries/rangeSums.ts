import type { Call } from "../../domain/call.ts";
import { type Books, EARLIEST, LATEST, type Range } from "../books.ts";
import { callOfRow } from "../callRows.ts";
import { wholeNumber } from "../database.ts";
import {
  addFigures,
  addLatencies,
  BUCKET_MS,
  bucketOf,
  DAY_MS,
  FIGURES,
  type Figure,
  type Figures,
  figuresOf,
  hasLatency,
  latencyStep,
  NO_FIGURES,
} from "../figures.ts";

/** By caller (number of the call's key), or all in one, whose name is 0. */
export type Grouping = "key_id" | "all";

const COLUMN_OF: Record<Grouping, string> = { key_id: "key_id", all: "0" };

interface Stretch {
  readonly from: number;
  readonly to: number;
}

interface RolledUp extends Stretch {
  /** Which rollups hold it: of quarter hours, or of days of UTC. */
  readonly prefix: "" | "day_";
}

interface Parts {
  readonly rolledUp: readonly RolledUp[];
  /** What the range has of other quarter hours, to be read call by call. */
  readonly edges: readonly Stretch[];
}

function partsOf({ from, to }: Range): Parts {
  const first = from === null ? EARLIEST : bucketOf(from + BUCKET_MS - 1);
  const end = to === null ? LATEST : bucketOf(to);
  if (from !== null && to !== null && first > end) {
    return { rolledUp: [], edges: [{ from, to }].filter(isNotEmpty) };
  }
  const edges = [
    { from: from ?? first, to: first },
    { from: end, to: to ?? end },
  ];
  return { rolledUp: rollupsOf(first, end).filter(isNotEmpty), edges: edges.filter(isNotEmpty) };
}

function rollupsOf(first: number, end: number): RolledUp[] {
  const firstDay = first === EARLIEST ? EARLIEST : bucketOf(first + DAY_MS - 1, DAY_MS);
  const endOfDays = end === LATEST ? LATEST : bucketOf(end, DAY_MS);
  if (firstDay >= endOfDays) {
    return [{ from: first, to: end, prefix: "" }];
  }
  return [
    { from: first, to: firstDay, prefix: "" },
    { from: firstDay, to: endOfDays, prefix: "day_" },
    { from: endOfDays, to: end, prefix: "" },
  ];
}

function isNotEmpty({ from, to }: Stretch): boolean {
  return from < to;
}

/** Sums of the calls that started in a range, exact to the ms. Only the columns named are filled. */
export function sumBy(
  books: Books,
  range: Range,
  grouping: Grouping,
  columns: readonly Figure[] = FIGURES,
): Map<number, Figures> {
  const parts = partsOf(range);
  const sums = new Map<number, Figures>();
  const sumOf = (name: number) => {
    const sum = sums.get(name) ?? { ...NO_FIGURES };
    sums.set(name, sum);
    return sum;
  };
  for (const { from, to, prefix } of parts.rolledUp) {
    const rows = books.database.all(
      `SELECT ${COLUMN_OF[grouping]} AS name, ${columns.map((column) => `SUM(${column}) AS ${column}`).join(", ")}
        FROM ${prefix}rollups WHERE bucket >= ? AND bucket < ? GROUP BY name`,
      [from, to],
    );
    for (const row of rows) {
      const sum = sumOf(Number(row.name));
      for (const column of columns) {
        sum[column] += wholeNumber(row[column]);
      }
    }
  }
  for (const { call, name } of edgeCalls(books, parts, grouping)) {
    addFigures(sumOf(name), figuresOf(call));
  }
  return sums;
}

/** How many calls that started in a range took how long: by group, calls by latency step. */
export function latenciesBy(books: Books, range: Range, grouping: Grouping): Map<number, Map<number, number>> {
  const parts = partsOf(range);
  const groups = new Map<number, Map<number, number>>();
  const stepsOf = (name: number) => {
    const steps = groups.get(name) ?? new Map<number, number>();
    groups.set(name, steps);
    return steps;
  };
  for (const { from, to, prefix } of parts.rolledUp) {
    const rows = books.database.all(
      `SELECT ${COLUMN_OF[grouping]} AS name, latencies FROM ${prefix}rollups WHERE bucket >= ? AND bucket < ?`,
      [from, to],
    );
    for (const row of rows) {
      addLatencies(stepsOf(Number(row.name)), String(row.latencies));
    }
  }
  for (const { call, name } of edgeCalls(books, parts, grouping)) {
    if (hasLatency(call)) {
      const steps = stepsOf(name);
      const step = latencyStep(call.latencyMs);
      steps.set(step, (steps.get(step) ?? 0) + 1);
    }
  }
  return groups;
}

function edgeCalls(books: Books, { edges }: Parts, grouping: Grouping): Array<{ call: Call; name: number }> {
  return edges.flatMap((edge) => [
    ...callsWithin(books, edge).map(({ call, keyId }) => ({ call, name: grouping === "key_id" ? keyId : 0 })),
    ...archivedWithin(books, edge).map((call) => ({
      call,
      name: grouping === "key_id" ? books.keys.idOf(call) : 0,
    })),
  ]);
}

function archivedWithin({ archives }: Books, { from, to }: Stretch): Call[] {
  return archives.all.flatMap((archive) => {
    const within = { from: Math.max(from, archive.from), to: Math.min(to, archive.until) };
    const archived = isNotEmpty(within) ? archives.open(archive) : null;
    return archived === null ? [] : callsWithin(archived, within).map(({ call }) => call);
  });
}

function callsWithin(books: Books, { from, to }: Stretch): Array<{ call: Call; keyId: number }> {
  return books.database
    .all("SELECT * FROM call_rows WHERE started_at >= ? AND started_at < ?", [from, to])
    .map((row) => ({ call: callOfRow(row, books.keys), keyId: Number(row.key_id) }));
}

/** The stretch that holds every call and accrual, by quarter hours; null where there are none. */
export function extent({ database }: Books): { readonly from: number; readonly to: number } | null {
  const row = database.get(
    `SELECT MIN(bucket) AS first, MAX(bucket) AS last FROM
      (SELECT MIN(bucket) AS bucket FROM rollups UNION ALL SELECT MAX(bucket) FROM rollups
       UNION ALL SELECT MIN(bucket) FROM compute_rollups UNION ALL SELECT MAX(bucket) FROM compute_rollups)`,
  );
  return row === null || row.first === null ? null : { from: Number(row.first), to: Number(row.last) + BUCKET_MS };
}
