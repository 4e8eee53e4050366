import type { Summary, SummaryBy, SummaryGroup } from "../../domain/api.ts";
import { isRun } from "../../domain/run.ts";
import { localDayKey, windowAt } from "../../domain/window.ts";
import type { Books, Range } from "../books.ts";
import type { CallKey } from "../callKeys.ts";
import { wholeNumber } from "../database.ts";
import { addFigures, type Figures, latencyPercentile, NO_FIGURES } from "../figures.ts";
import { type CallGrouping, sumCallsBy } from "./callSums.ts";
import { accruedByProvider } from "./compute.ts";
import { extent, latenciesBy, sumBy } from "./rangeSums.ts";

/**
 * Totals of a range and its groups. Days and months are those of the time zone, in order; other groups come dearest first.
 * Calls without the field that is grouped by stand under the empty key; a call with several tags stands under each, and
 * those that name a single run do not count. A call whose caller names no request type has that of its route.
 * Compute hours count in the total and in their provider, day or month.
 */
export function summary(books: Books, by: SummaryBy, range: Range, timeZone: string): Summary {
  const steps = summarySteps(books, by, range, timeZone);
  for (;;) {
    const step = steps.next();
    if (step.done === true) {
      return step.value;
    }
  }
}

/** The same, with a pause wherever others may have their turn: what is booked meanwhile may be in it or not. */
export function* summarySteps(
  books: Books,
  by: SummaryBy,
  range: Range,
  timeZone: string,
): Generator<undefined, Summary> {
  const byTime = by === "day" || by === "month";
  const total = newGroup({ key: "total", provider: null });
  const groups = byTime
    ? groupsByTime(books, by, range, timeZone, total)
    : by === "session" || by === "request-type"
      ? yield* groupsByCall(books, by, range, total)
      : groupsByCaller(books, by, range, total);
  const compute = accruedByProvider(books, range);
  const computeNanoUsd = wholeNumber([...compute.values()].reduce((sum, cost) => sum + cost, 0));
  if (by === "provider") {
    for (const [provider, costNanoUsd] of compute) {
      groups.group({ key: provider, provider: null }).figures.cost_nano_usd += costNanoUsd;
    }
  }
  total.figures.cost_nano_usd += computeNanoUsd;
  const finished = groups.all.filter(isNotEmpty).map(finish);
  return {
    from: range.from === null ? null : new Date(range.from).toISOString(),
    to: range.to === null ? null : new Date(range.to).toISOString(),
    by,
    total: finish(total),
    computeNanoUsd,
    groups: finished.sort(byTime ? byKey : byCost),
  };
}

interface Name {
  readonly key: string;
  readonly provider: string | null;
}

interface Group extends Name {
  readonly figures: Figures;
  readonly steps: Map<number, number>;
}

function newGroup(name: Name): Group {
  return { ...name, figures: { ...NO_FIGURES }, steps: new Map() };
}

class Groups {
  readonly #groups = new Map<string, Group>();

  group({ key, provider }: Name): Group {
    const name = JSON.stringify([key, provider]);
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = newGroup({ key, provider });
      this.#groups.set(name, group);
    }
    return group;
  }

  get all(): Group[] {
    return [...this.#groups.values()];
  }
}

type ByCaller = Exclude<SummaryBy, "day" | "month" | CallGrouping>;

/** Adds every call to the total once, and to its groups. */
function groupsByCaller(books: Books, by: ByCaller, range: Range, total: Group): Groups {
  const groups = new Groups();
  const latencies = latenciesBy(books, range, "key_id");
  for (const [id, figures] of sumBy(books, range, "key_id")) {
    add(total, figures, latencies.get(id));
    for (const name of namesOf(by, books.keys.key(id))) {
      add(groups.group(name), figures, latencies.get(id));
    }
  }
  return groups;
}

function namesOf(by: ByCaller, key: CallKey): Name[] {
  switch (by) {
    case "model":
      return [{ key: key.model, provider: key.provider }];
    case "tag": {
      const tags = new Set(key.tags.filter((tag) => !isRun(tag)));
      return (tags.size === 0 ? [""] : [...tags]).map((tag) => ({ key: tag, provider: null }));
    }
    case "provider":
    case "project":
    case "tool":
    case "user":
    case "branch":
      return [{ key: key[by] ?? "", provider: null }];
  }
}

/** These are read from the calls; the total is the rollups', so that it stands even where an archive cannot be read. */
function* groupsByCall(books: Books, by: CallGrouping, range: Range, total: Group): Generator<undefined, Groups> {
  const groups = new Groups();
  add(total, sumBy(books, range, "all").get(0), latenciesBy(books, range, "all").get(0));
  for (const sums of sumCallsBy(books, by, range)) {
    for (const { key, figures, steps } of sums) {
      add(groups.group({ key, provider: null }), figures, steps);
    }
    yield;
  }
  return groups;
}

/** Local days or months one by one, compute hours included; the total gets the calls. */
function groupsByTime(books: Books, kind: "day" | "month", range: Range, timeZone: string, total: Group): Groups {
  const groups = new Groups();
  const all = extent(books);
  const end = all === null ? 0 : Math.min(range.to ?? all.to, all.to);
  let at = all === null ? 0 : Math.max(range.from ?? all.from, all.from);
  while (at < end) {
    const window = windowAt(kind, at, { timeZone, weekStartsOn: 1 });
    const next = window.end ?? end;
    const period = { from: at, to: Math.min(next, end) };
    const key = localDayKey(window.start, timeZone).slice(0, kind === "day" ? 10 : 7);
    const group = groups.group({ key, provider: null });
    const figures = sumBy(books, period, "all").get(0);
    const latencies = latenciesBy(books, period, "all").get(0);
    add(group, figures, latencies);
    add(total, figures, latencies);
    for (const costNanoUsd of accruedByProvider(books, period).values()) {
      group.figures.cost_nano_usd += costNanoUsd;
    }
    at = next;
  }
  return groups;
}

function add(group: Group, figures: Figures | undefined, steps: ReadonlyMap<number, number> | undefined): void {
  addFigures(group.figures, figures ?? NO_FIGURES);
  for (const [step, calls] of steps ?? []) {
    group.steps.set(step, (group.steps.get(step) ?? 0) + calls);
  }
}

function isNotEmpty({ figures }: Group): boolean {
  return figures.calls > 0 || figures.refused > 0 || figures.cost_nano_usd > 0;
}

function finish({ key, provider, figures, steps }: Group): SummaryGroup {
  return {
    key,
    provider,
    calls: figures.calls,
    errors: figures.errors,
    refused: figures.refused,
    inputTokens: figures.input_tokens,
    cachedInputTokens: figures.cached_input_tokens,
    outputTokens: figures.output_tokens,
    costNanoUsd: wholeNumber(figures.cost_nano_usd),
    computeShareNanoUsd: wholeNumber(figures.compute_nano_usd),
    unpricedCalls: figures.unpriced,
    estimatedCalls: figures.estimated,
    averageLatencyMs: mean(figures.latency_ms, figures.latency_calls),
    p95LatencyMs: latencyPercentile(steps, 0.95),
    averageFirstTokenMs: mean(figures.first_token_ms, figures.first_token_calls),
  };
}

function mean(sum: number, count: number): number | null {
  return count === 0 ? null : Math.round((sum / count) * 10) / 10;
}

function byKey(a: SummaryGroup, b: SummaryGroup): number {
  return a.key < b.key ? -1 : 1;
}

function byCost(a: SummaryGroup, b: SummaryGroup): number {
  return b.costNanoUsd - a.costNanoUsd || b.calls - a.calls || byKey(a, b);
}
