import { type Books, EARLIEST, LATEST, type Range } from "../books.ts";
import { wholeNumber } from "../database.ts";
import { FIGURES, type Figure, type Figures, latencyStep, NO_FIGURES } from "../figures.ts";
import { TOKEN_COLUMNS } from "../tokenColumns.ts";

export interface SessionSums {
  readonly sessionId: string | null;
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
};

const SESSIONS = `SELECT session_id, ${FIGURES.map((figure) => `${SUM_OF[figure]} AS ${figure}`).join(", ")},
  json_group_array(latency_ms) FILTER (WHERE ${TIMED}) AS latencies
  FROM call_rows WHERE started_at >= ? AND started_at < ? GROUP BY session_id`;

/** The calls that started in a range by session, archives included; a session may come several times. */
export function* sumBySession(books: Books, { from, to }: Range): Generator<SessionSums> {
  const [first, end] = [from ?? EARLIEST, to ?? LATEST];
  yield* sessionsOf(books, first, end);
  for (const archive of books.archives.all) {
    const [since, until] = [Math.max(first, archive.from), Math.min(end, archive.until)];
    const archived = since < until ? books.archives.open(archive) : null;
    if (archived !== null) {
      yield* sessionsOf(archived, since, until);
    }
  }
}

function sessionsOf({ database }: Books, from: number, to: number): SessionSums[] {
  return database.all(SESSIONS, [from, to]).map((row) => {
    const figures = { ...NO_FIGURES };
    for (const figure of FIGURES) {
      figures[figure] = wholeNumber(row[figure]);
    }
    const steps = new Map<number, number>();
    for (const ms of JSON.parse(String(row.latencies ?? "[]")) as number[]) {
      steps.set(latencyStep(ms), (steps.get(latencyStep(ms)) ?? 0) + 1);
    }
    return { sessionId: row.session_id as string | null, figures, steps };
  });
}
