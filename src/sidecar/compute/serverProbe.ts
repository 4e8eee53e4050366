import { readServerMetrics, type ServerMetrics } from "../../domain/compute/serverMetrics.ts";
import type { Provider } from "../../domain/config.ts";
import { BodyTooLargeError, readBody } from "../gateway/body.ts";
import { headersOf, type Link } from "../links.ts";
import { askHealth } from "../providerHealth.ts";
import { askOwn } from "../proxies.ts";

/** What one look at a server tells. Times are ms since the epoch. */
export interface Probe {
  /** When it was asked. */
  readonly at: number;
  readonly up: boolean;
  readonly detail: string;
  /** When it says that it started, by this machine's clock; null where it does not. */
  readonly ownStart: number | null;
  /** Null where it has none, or none that came in time. */
  readonly metrics: ServerMetrics | null;
}

/** vLLM with many models and adapters writes some hundred kilobytes. */
const LARGEST_METRICS = 8 * 1024 * 1024;
/** Clocks that differ by less, in ms, are taken for the same: a `date` header tells whole seconds. */
const SAME_CLOCK_MS = 5_000;
/** Servers without metrics are asked for them again after so many looks. */
const ASK_AGAIN_AFTER = 40;

/** Looks at one server, over and over. Never throws. */
export class ServerProbe {
  readonly #now: () => number;
  readonly #linkOf: (provider: Provider) => Link | null;
  #looksWithout = 0;

  /** `linkOf` may throw LinkError: then the server cannot be asked. */
  constructor(now: () => number, linkOf: (provider: Provider) => Link | null) {
    this.#now = now;
    this.#linkOf = linkOf;
  }

  async look(provider: Provider, limitMs: number): Promise<Probe> {
    const at = this.#now();
    let link: Link | null;
    try {
      link = this.#linkOf(provider);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      return { at, up: false, detail, ownStart: null, metrics: null };
    }
    const { up, detail } = await askHealth(provider, limitMs, link);
    if (!up) {
      return { at, up, detail, ownStart: null, metrics: null };
    }
    const answer = this.#mayHaveMetrics(provider) ? await fetchMetrics(provider, limitMs, link) : null;
    if (answer === null || answer === "none") {
      this.#looksWithout = answer === "none" || this.#looksWithout > 0 ? this.#looksWithout + 1 : 0;
      return { at, up, detail, ownStart: null, metrics: null };
    }
    this.#looksWithout = 0;
    const metrics = readServerMetrics(answer.text);
    const ahead = answer.date === null ? 0 : answer.date - this.#now();
    const skew = Math.abs(ahead) > SAME_CLOCK_MS ? ahead : 0;
    const ownStart = metrics.startedAt === null ? null : metrics.startedAt - skew;
    return { at, up, detail, ownStart, metrics };
  }

  #mayHaveMetrics({ protocol }: Provider): boolean {
    return protocol !== "ollama" && this.#looksWithout % ASK_AGAIN_AFTER === 0;
  }
}

interface MetricsAnswer {
  readonly text: string;
  /** The server's clock, ms since the epoch. */
  readonly date: number | null;
}

/** `none` where the server says that there are none; null where no answer came. */
async function fetchMetrics(
  { baseUrl }: Provider,
  limitMs: number,
  link: Link | null,
): Promise<MetricsAnswer | "none" | null> {
  const url = new URL(baseUrl);
  url.pathname = `${url.pathname.replace(/\/+$/, "").replace(/\/(v\d+|api)$/, "")}/metrics`;
  try {
    const signal = AbortSignal.timeout(limitMs);
    const response = await askOwn(url, { signal, headers: headersOf(link), tls: link?.tls });
    const { statusCode = 500, headers } = response;
    if (statusCode !== 200) {
      response.on("error", () => {}).resume();
      return statusCode >= 500 ? null : "none";
    }
    const text = (await readBody(response, LARGEST_METRICS)).toString("utf8");
    const date = Date.parse(headers.date ?? "");
    return { text, date: Number.isNaN(date) ? null : date };
  } catch (error) {
    return error instanceof BodyTooLargeError ? "none" : null;
  }
}
