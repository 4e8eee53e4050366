import type { IncomingMessage } from "node:http";

/** The largest request that is read whole to be bounded, in bytes. */
export const LARGEST_BODY = 64 * 1024 * 1024;

/** The body is larger than the gate reads. */
export class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError";
}

/** Reads a message whole. @throws BodyTooLargeError beyond `limit` bytes, Error where the sender breaks off. */
export function readBody(message: IncomingMessage, limit = LARGEST_BODY): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    message.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) {
        message.pause();
        reject(new BodyTooLargeError(`The request body is larger than ${limit} bytes`));
        return;
      }
      chunks.push(chunk);
    });
    message.on("end", () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size)));
    message.on("error", reject);
    message.on("close", () => {
      if (!message.complete) {
        reject(new Error("The sender broke off"));
      }
    });
  });
}
