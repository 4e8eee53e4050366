import type { Provider } from "../domain/config.ts";
import { headersOf, type Link } from "./links.ts";
import { askOwn, ProxyError } from "./proxies.ts";

/** Whether a server answers. `latencyMs` is null where it did not. */
export interface Health {
  readonly up: boolean;
  readonly latencyMs: number | null;
  readonly detail: string;
}

/**
 * Asks `/health` beside a base's `/v1`, as vLLM and other self-hosted servers answer it, or Ollama's `/api/version`: 200
 * means up. Never throws.
 */
export function askHealth({ protocol, baseUrl }: Provider, limitMs: number, link: Link | null = null): Promise<Health> {
  const url = new URL(baseUrl);
  const path = protocol === "ollama" ? "/api/version" : "/health";
  url.pathname = `${url.pathname.replace(/\/+$/, "").replace(/\/(v\d+|api)$/, "")}${path}`;
  return ask(url, limitMs, link, (status) =>
    status === 200 ? { up: true, detail: `answers ${path}` } : { up: false, detail: `${path} answered ${status}` },
  );
}

/** Asks whether anything answers at a public provider's address: any HTTP status will do. Never throws. */
export function askReachable({ baseUrl }: Provider, limitMs: number, link: Link | null = null): Promise<Health> {
  return ask(new URL(baseUrl), limitMs, link, (status) => ({ up: status < 500, detail: `reachable (HTTP ${status})` }));
}

async function ask(
  url: URL,
  limitMs: number,
  link: Link | null,
  judge: (status: number) => { up: boolean; detail: string },
): Promise<Health> {
  const started = performance.now();
  const down = (detail: string): Health => ({ up: false, latencyMs: null, detail });
  try {
    const signal = AbortSignal.timeout(limitMs);
    const response = await askOwn(url, { signal, headers: headersOf(link), tls: link?.tls });
    // Nobody asks how the rest of the answer ends.
    response.on("error", () => {}).resume();
    return { ...judge(response.statusCode ?? 0), latencyMs: Math.round(performance.now() - started) };
  } catch (error) {
    const { name, code, message } = error as NodeJS.ErrnoException;
    return down(
      name === "TimeoutError" || name === "AbortError"
        ? `no answer within ${limitMs} ms`
        : error instanceof ProxyError
          ? message
          : `not reachable (${code ?? message})`,
    );
  }
}
