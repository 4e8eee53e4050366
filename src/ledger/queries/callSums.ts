import { type Books, EARLIEST, LATEST, type Range } from "../books.ts";
import { wholeNumber } from "../database.ts";
import { FIGURES, type Figure, type Figures, latencyStep, NO_FIGURES } from "../figures.ts";
import { TOKEN_COLUMNS } from "../tokenColumns.ts";

/** What calls can be grouped by that does not name their caller: the totals kept by caller do not tell it. */
const EXPRESSIONS = {
  session: "COALESCE(session_id, '')",
  // What a caller does not name is known by the kind of route that it took.
  "request-type": "COALESCE(request_type, protocol)",
} as const;
export type CallGrouping = keyof typeof EXPRESSIONS;

export interface CallSums {
  readonly key: string;
  readonly figures: Figures;
  /** Calls by latency step. */
  readonly steps: ReadonlyMap<number, number>;
}

const PASSED = "status <> 'refused'";
const TIMED = "status NOT IN ('refused', 'interrupted')";

/** What `figuresOf` takes of a call, as SQLite sums it: a year has too many calls to be read one by one while others wait. */
const SUM_OF: Record<Figure, string> = {
  calls: `COUNT(*) FILTER (WHERE ${PASSED})`,
  errors: "COUNT(*) FILTER (WHERE status = 'error')",
  refused: "COUNT(*) FILTER (WHERE status = 'refused')",
  unpriced: `COUNT(*) FILTER (WHERE ${PASSED} AND cost_basis = 'unpriced')`,
  estimated: `COUNT(*) FILTER (WHERE ${PASSED} AND usage_basis = 'estimated')`,
  ...(Object.fromEntries(TOKEN_COLUMNS.map((column) => [column, `SUM(${column}) FILTER (WHERE ${PASSED})`])) as Record<
    (typeof TOKEN_COLUMNS)[number],
    string
  >),
  cost_nano_usd: `SUM(cost_nano_usd) FILTER (WHERE ${PASSED})`,
  latency_ms: `SUM(latency_ms) FILTER (WHERE ${TIMED})`,
  latency_calls: `COUNT(*) FILTER (WHERE ${TIMED})`,
  first_token_ms: `SUM(first_token_ms) FILTER (WHERE ${PASSED})`,
  first_token_calls: `COUNT(first_token_ms) FILTER (WHERE ${PASSED})`,
  compute_nano_usd: `SUM(compute_nano_usd) FILTER (WHERE ${PASSED})`,
};

const sumsBy = (
  expression: string,
) => `SELECT ${expression} AS name, ${FIGURES.map((figure) => `${SUM_OF[figure]} AS ${figure}`).join(", ")},
  json_group_array(latency_ms) FILTER (WHERE ${TIMED}) AS latencies
  FROM call_rows WHERE started_at >= ? AND started_at < ? GROUP BY name`;

/** Calls of so long a time, in ms, are summed at once: others do not wait long for the books. */
const SLICE_MS = 6 * 3_600_000;

/** The calls that started in a range in groups, archives included, slice by slice; a group may come several times. */
export function* sumCallsBy(books: Books, grouping: CallGrouping, { from, to }: Range): Generator<CallSums[]> {
  const [first, end] = [from ?? EARLIEST, to ?? LATEST];
  yield* slicesOf(() => books, grouping, first, end);
  for (const archive of books.archives.all) {
    // Opened for each slice: another question may have had it closed.
    const open = () => books.archives.open(archive);
    yield* slicesOf(open, grouping, Math.max(first, archive.from), Math.min(end, archive.until));
  }
}

function* slicesOf(
  open: () => Pick<Books, "database"> | null,
  grouping: CallGrouping,
  from: number,
  to: number,
): Generator<CallSums[]> {
  for (let at = from; at < to; at += SLICE_MS) {
    const books = open();
    const next = books?.database.get("SELECT MIN(started_at) AS at FROM call_rows WHERE started_at >= ?", [at])?.at;
    if (!books || next === null || next === undefined || Number(next) >= to) {
      return;
    }
    at = Number(next);
    yield sumsOf(books, grouping, at, Math.min(at + SLICE_MS, to));
  }
}

function sumsOf({ database }: Pick<Books, "database">, grouping: CallGrouping, from: number, to: number): CallSums[] {
  return database.all(sumsBy(EXPRESSIONS[grouping]), [from, to]).map((row) => {
    const figures = { ...NO_FIGURES };
    for (const figure of FIGURES) {
      figures[figure] = wholeNumber(row[figure]);
    }
    const steps = new Map<number, number>();
    for (const ms of JSON.parse(String(row.latencies ?? "[]")) as number[]) {
      steps.set(latencyStep(ms), (steps.get(latencyStep(ms)) ?? 0) + 1);
    }
    return { key: String(row.name), figures, steps };
  });
}
