import type { IncomingMessage } from "node:http";

/** The largest request that is read whole to be bounded, in bytes. */
export const LARGEST_BODY = 64 * 1024 * 1024;
/** A body that is announced to be longer than a piece of it and not longer than this, in bytes, is put together as it comes. */
const LARGEST_AT_ONCE = 4 * 1024 * 1024;
const LONGEST_PIECE = 65_536;

/** The body is larger than the gate reads. */
export class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError";
}

/**
 * Reads a message whole. Of a request that goes on beyond `limit` bytes the rest is let go, for a client that were cut off
 * would not read the answer; an answer is cut off.
 * @throws BodyTooLargeError beyond `limit` bytes, Error where the sender breaks off.
 */
export function readBody(message: IncomingMessage, limit = LARGEST_BODY): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const announced = Number(message.headers["content-length"]);
    const isAtOnce = announced > LONGEST_PIECE && announced <= Math.min(limit, LARGEST_AT_ONCE);
    // Its pieces are let go as they come: kept until the end they would outlive the young generation.
    const whole = isAtOnce ? Buffer.allocUnsafeSlow(announced) : null;
    const chunks: Buffer[] = [];
    let size = 0;
    message.on("data", (chunk: Buffer) => {
      whole?.set(chunk, size);
      size += chunk.length;
      if (whole !== null) {
        return;
      }
      if (size <= limit) {
        chunks.push(chunk);
      } else {
        chunks.length = 0;
        if (message.statusCode !== null && message.statusCode !== undefined) {
          message.destroy();
        }
        reject(new BodyTooLargeError(`The request body is larger than ${limit} bytes`));
      }
    });
    message.on("end", () => {
      if (whole !== null) {
        resolve(whole.subarray(0, size));
      } else if (size <= limit) {
        resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size));
      }
    });
    message.on("error", reject);
    message.on("close", () => {
      if (!message.complete) {
        reject(new Error("The sender broke off"));
      }
    });
  });
}
