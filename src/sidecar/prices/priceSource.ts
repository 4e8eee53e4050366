import type { IncomingMessage } from "node:http";
import { BodyTooLargeError, readBody } from "../gateway/body.ts";
import { askOwn } from "../proxies.ts";

/** How long a source may take in all, in ms, and how large its answer may be, in bytes. */
const TIME_LIMIT_MS = 30_000;
export const LARGEST_COPY = 20 * 1024 * 1024;

/** The published prices could not be fetched; the message says why and what can be done. */
export class PriceSourceError extends Error {
  override readonly name = "PriceSourceError";
}

export type FetchedPrices =
  /** Nothing is newer than what the etag stands for. */
  { readonly kind: "same" } | { readonly kind: "fetched"; readonly text: string; readonly etag: string | null };

/**
 * Fetches the published prices from an address that the configuration allows. `etag` is that of the copy at hand.
 * @throws PriceSourceError
 */
export async function fetchPrices(
  source: string,
  etag: string | null,
  signal: AbortSignal,
  timeLimitMs = TIME_LIMIT_MS,
): Promise<FetchedPrices> {
  const limit = AbortSignal.timeout(timeLimitMs);
  try {
    const response = await open(source, etag, AbortSignal.any([signal, limit]));
    const { statusCode = 0, headers } = response;
    if (statusCode === 304) {
      response.resume();
      return { kind: "same" };
    }
    if (statusCode !== 200) {
      response.destroy();
      throw new PriceSourceError(`${source} answered with status ${statusCode}${redirect(headers.location)}`);
    }
    const body = await readBody(response, LARGEST_COPY).catch((error: unknown) => {
      response.destroy();
      throw error;
    });
    return { kind: "fetched", text: body.toString("utf8"), etag: headers.etag ?? null };
  } catch (error) {
    throw asSourceError(error, source, limit.aborted ? timeLimitMs : null);
  }
}

function open(source: string, etag: string | null, signal: AbortSignal): Promise<IncomingMessage> {
  const headers = {
    accept: "application/json",
    "accept-encoding": "identity",
    "user-agent": "tollgate",
    ...(etag === null ? {} : { "if-none-match": etag }),
  };
  return askOwn(new URL(source), { headers, signal });
}

function redirect(location: string | undefined): string {
  return location === undefined ? "" : `, a redirect to ${location}: name that as pricesSource if you trust it`;
}

function asSourceError(error: unknown, source: string, limitMs: number | null): PriceSourceError {
  if (error instanceof PriceSourceError) {
    return error;
  }
  const why =
    limitMs !== null
      ? `did not answer in full within ${limitMs / 1_000} s`
      : error instanceof BodyTooLargeError
        ? `sends more than ${LARGEST_COPY / 1024 / 1024} MB`
        : `cannot be reached: ${error instanceof Error ? error.message : String(error)}`;
  return new PriceSourceError(`${source} ${why}. The prices at hand stay in force.`, { cause: error });
}
