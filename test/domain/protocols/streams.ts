import type { Protocol, Reading, RequestFacts } from "../../../src/domain/protocol.ts";

export const utf8 = (text: string) => Buffer.from(text);

/** A body as a client would send it. */
export const bodyOf = (request: unknown) => utf8(JSON.stringify(request));

export const sse = (...payloads: unknown[]) =>
  payloads.map((payload) => `data: ${typeof payload === "string" ? payload : JSON.stringify(payload)}\n\n`).join("");

/** Anthropic names its events. */
export const named = (...payloads: Array<{ readonly type: string }>) =>
  payloads.map((payload) => `event: ${payload.type}\ndata: ${JSON.stringify(payload)}\n\n`).join("");

/** Cuts bytes into chunks at the given places. */
export function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...cuts, bytes.length].map((end, index) => bytes.subarray(index === 0 ? 0 : cuts[index - 1], end));
}

export interface Passed {
  readonly reading: Reading;
  readonly client: Buffer;
  readonly complete: boolean;
  readonly answering: boolean;
}

/** Runs a stream through a protocol's reader. */
export function pass(protocol: Protocol, facts: RequestFacts, chunks: readonly Buffer[]): Passed {
  const reader = protocol.readStream(facts);
  const out: Buffer[] = chunks.map((chunk) => Buffer.from(reader.push(chunk)));
  out.push(reader.end());
  const { complete, answering } = reader;
  return { reading: reader.reading(), client: Buffer.concat(out), complete, answering };
}
