import type { IncomingMessage, ServerResponse } from "node:http";
import { isJson, type Json } from "./tokens.ts";

/** How a call ended: answered in full, left by the client, or cut off by the simulated provider (its script or its stop). */
export type Outcome = "answered" | "client-gone" | "cut";

/** One request as it arrived, for assertions. Times are milliseconds since the epoch. */
export type ReceivedRequest = {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly rawBody: string;
  /** The body as it came. */
  readonly bytes: Buffer;
  /** The body as a JSON object; undefined if it is none. */
  readonly body: Json | undefined;
  readonly receivedAt: number;
  /** Of the answer, once it began. */
  status: number | undefined;
  /** The answer's body as the provider wrote it, before compression and faults; empty until it answers. */
  reply: string;
  /** Pieces of the answer that were written: events of a stream, else 1. */
  eventsSent: number;
  endedAt: number | undefined;
  outcome: Outcome | undefined;
  /** Settles when the call has ended, in whatever way. */
  readonly ended: Promise<Outcome>;
  /** Settles when the client has gone before the answer's end; never otherwise. */
  readonly clientGone: Promise<void>;
};

/** Reads the whole request. Fails if the client goes before it has sent everything. */
export const receive = async (
  incoming: IncomingMessage,
  response: ServerResponse,
  cutByUs: () => boolean,
): Promise<ReceivedRequest> => {
  const receivedAt = Date.now();
  let end: (outcome: Outcome) => void = () => undefined;
  let gone: () => void = () => undefined;
  const ended = new Promise<Outcome>((resolve) => {
    end = resolve;
  });
  const clientGone = new Promise<void>((resolve) => {
    gone = resolve;
  });
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const rawBody = bytes.toString("utf8");
  const url = new URL(incoming.url ?? "/", "http://upstream");
  const request: ReceivedRequest = {
    method: incoming.method ?? "GET",
    path: url.pathname,
    query: url.searchParams,
    headers: incoming.headers,
    rawBody,
    bytes,
    body: parsed(rawBody),
    receivedAt,
    status: undefined,
    reply: "",
    eventsSent: 0,
    endedAt: undefined,
    outcome: undefined,
    ended,
    clientGone,
  };
  response.once("close", () => {
    request.outcome = cutByUs() ? "cut" : response.writableFinished ? "answered" : "client-gone";
    request.endedAt = Date.now();
    if (request.outcome === "client-gone") gone();
    end(request.outcome);
  });
  return request;
};

const parsed = (text: string): Json | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return isJson(value) ? value : undefined;
  } catch {
    return undefined;
  }
};
