import type { IncomingMessage } from "node:http";

/** The largest request that is read whole to be bounded, in bytes. */
export const LARGEST_BODY = 64 * 1024 * 1024;

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
    const chunks: Buffer[] = [];
    let size = 0;
    message.on("data", (chunk: Buffer) => {
      size += chunk.length;
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
      if (size <= limit) {
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
