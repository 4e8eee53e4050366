import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { createGzip, gzipSync, constants as zlib } from "node:zlib";
import type { ReceivedRequest } from "./receivedRequest.ts";
import type { Reply } from "./reply.ts";

const garbageBody = "<html><head><title>It works</title></head><body>not the answer you are looking for</body>\n";
const garbageEvent = 'data: {"id":"chatcmpl-broken","object":"chat.comp\n\n';

/** Sends a reply over the wire with the faults its behaviour asks for. `cut` destroys the connection. */
export const sendReply = async (
  reply: Reply,
  request: ReceivedRequest,
  incoming: IncomingMessage,
  response: ServerResponse,
  cut: () => void,
): Promise<void> => {
  const { behaviour } = reply;
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const pause = async (ms: number | undefined): Promise<void> => {
    // A client that leaves ends the pause; the writes after it are then skipped.
    if (ms) await sleep(ms, undefined, { signal: gone.signal }).catch(() => undefined);
  };
  const write = (bytes: Buffer): Promise<void> =>
    new Promise((resolve) => {
      if (response.destroyed || bytes.length === 0) return resolve();
      response.once("close", resolve);
      response.write(bytes, () => {
        response.off("close", resolve);
        resolve();
      });
    });
  const writeSplit = async (bytes: Buffer): Promise<void> => {
    const size = behaviour.splitBytes ?? bytes.length;
    for (let at = 0; at < bytes.length; at += size) {
      await write(bytes.subarray(at, at + size));
      if (at + size < bytes.length && behaviour.splitBytes) await pause(behaviour.gapMs);
    }
  };

  if (behaviour.hang) return;
  await pause(behaviour.delayMs);
  if (response.destroyed) return;

  const accepts = /\bgzip\b/.test(String(incoming.headers["accept-encoding"] ?? ""));
  const gzip = behaviour.gzip === "always" || (behaviour.gzip === true && accepts);
  const headers = { ...reply.headers, ...(gzip ? { "content-encoding": "gzip" } : {}), ...behaviour.headers };
  request.status = reply.status;
  request.reply = Array.isArray(reply.content) ? reply.content.join("") : reply.content.toString("utf8");

  if (!Array.isArray(reply.content)) {
    const content = behaviour.garbage ? garbageBody : reply.content;
    const text = typeof content === "string" ? Buffer.from(content) : content;
    const bytes = gzip ? gzipSync(text) : text;
    response.writeHead(reply.status, { ...headers, "content-length": String(bytes.length) });
    if (behaviour.cutAfter !== undefined) {
      await write(bytes.subarray(0, Math.floor(bytes.length / 2)));
      return cut();
    }
    await writeSplit(bytes);
    request.eventsSent = 1;
    response.end();
    return;
  }

  response.writeHead(reply.status, headers);
  response.flushHeaders();
  const events = behaviour.garbage ? [...reply.content.slice(0, 2), garbageEvent] : reply.content;
  const encode = gzip ? gzipEncoder() : plainEncoder;
  for (const event of events) {
    if (request.eventsSent === behaviour.cutAfter) return cut();
    if (request.eventsSent === behaviour.hangAfter) return;
    if (request.eventsSent > 0) await pause(behaviour.gapMs);
    if (response.destroyed) return;
    await writeSplit(await encode(event));
    request.eventsSent++;
  }
  if (behaviour.cutAfter !== undefined) return cut();
  if (behaviour.hangAfter !== undefined) return;
  await write(await encode(undefined));
  response.end();
};

/** Turns an event into bytes; undefined stands for the end of the stream. */
type Encoder = (text: string | undefined) => Promise<Buffer>;

const plainEncoder: Encoder = (text) => Promise.resolve(Buffer.from(text ?? ""));

/** Compresses event by event, so that each one can be read on arrival. */
const gzipEncoder = (): Encoder => {
  const stream = createGzip();
  const out: Buffer[] = [];
  stream.on("data", (bytes: Buffer) => out.push(bytes));
  const drained = (): Buffer => Buffer.concat(out.splice(0));
  return (text) =>
    new Promise((resolve) => {
      if (text === undefined) {
        stream.once("end", () => resolve(drained()));
        stream.end();
        return;
      }
      stream.write(text);
      stream.flush(zlib.Z_SYNC_FLUSH, () => resolve(drained()));
    });
};
