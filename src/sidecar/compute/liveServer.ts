import type { ServerMetrics } from "../../domain/compute/serverMetrics.ts";

/** What a server does now, by its own metrics; null where they do not tell. */
export interface LiveFigures {
  /** When it was read, ms since the epoch. */
  readonly at: number;
  readonly running: number | null;
  readonly waiting: number | null;
  /** 0 to 1. */
  readonly kvCacheUsage: number | null;
  readonly promptTokensPerSecond: number | null;
  readonly outputTokensPerSecond: number | null;
}

interface Reading {
  readonly at: number;
  readonly metrics: ServerMetrics;
}

/** Follows a server's counters from one look to the next. */
export class LiveServer {
  #before: Reading | null = null;
  #last: Reading | null = null;
  #promptTokens = 0;
  #outputTokens = 0;
  #hasServed = false;

  /** `metrics` are null where none came. */
  observe(at: number, metrics: ServerMetrics | null): void {
    this.#before = this.#last;
    this.#last = metrics === null ? null : { at, metrics };
    if (this.#before !== null && metrics !== null) {
      this.#promptTokens += grown(this.#before.metrics.promptTokens, metrics.promptTokens) ?? 0;
      this.#outputTokens += grown(this.#before.metrics.outputTokens, metrics.outputTokens) ?? 0;
      this.#hasServed = true;
    }
  }

  get decodeWeight(): number | null {
    return this.#last?.metrics.decodeWeight ?? null;
  }

  get figures(): LiveFigures | null {
    if (this.#last === null) {
      return null;
    }
    const { at, metrics } = this.#last;
    const { running, waiting, kvCacheUsage, promptTokens, outputTokens } = metrics;
    const before = this.#before;
    const perSecond = (earlier: number | null | undefined, now: number | null) => {
      const tokens = grown(earlier ?? null, now);
      return before === null || tokens === null || at <= before.at ? null : (tokens * 1_000) / (at - before.at);
    };
    return {
      at,
      running,
      waiting,
      kvCacheUsage,
      promptTokensPerSecond: perSecond(before?.metrics.promptTokens, promptTokens),
      outputTokensPerSecond: perSecond(before?.metrics.outputTokens, outputTokens),
    };
  }

  /** What the counters have grown by since they were asked last; null where nobody knows. */
  takeServed(): { readonly promptTokens: number; readonly outputTokens: number } | null {
    const served = this.#hasServed
      ? { promptTokens: Math.round(this.#promptTokens), outputTokens: Math.round(this.#outputTokens) }
      : null;
    this.#promptTokens = 0;
    this.#outputTokens = 0;
    this.#hasServed = false;
    return served;
  }
}

/** A counter that is smaller than before has begun anew. */
function grown(before: number | null, now: number | null): number | null {
  return before === null || now === null ? null : now >= before ? now - before : now;
}
