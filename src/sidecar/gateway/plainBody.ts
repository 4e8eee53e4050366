import type { IncomingMessage } from "node:http";
import { finished } from "node:stream";
import { BadRequestError } from "../../domain/protocol.ts";
import { BodyTooLargeError, LARGEST_BODY, readBody } from "./body.ts";
import { decoderFor, isPlain } from "./decoder.ts";

/**
 * Reads a request's body whole, unpacked where its client has packed it. It goes on as plain bytes then, so that an output
 * limit can be written into it: the request does not say any more that it is packed.
 * @throws BodyTooLargeError, BadRequestError where it cannot be unpacked, Error where the client breaks off.
 */
export async function readPlainBody(request: IncomingMessage): Promise<Buffer> {
  const body = await readBody(request);
  const encoding = request.headers["content-encoding"];
  if (isPlain(encoding)) {
    return body;
  }
  const plain = await unpacked(body, String(encoding));
  delete request.headers["content-encoding"];
  for (let index = request.rawHeaders.length - 2; index >= 0; index -= 2) {
    if (request.rawHeaders[index]?.toLowerCase() === "content-encoding") {
      request.rawHeaders.splice(index, 2);
    }
  }
  return plain;
}

function unpacked(body: Buffer, encoding: string): Promise<Buffer> {
  const decoder = decoderFor(encoding);
  if (decoder === null) {
    throw new BadRequestError(
      `The request body is packed as ${encoding}, which cannot be read: send gzip, br or plain`,
    );
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    decoder.on("data", (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > LARGEST_BODY) {
        reject(new BodyTooLargeError(`The request body is larger than ${LARGEST_BODY} bytes`));
        decoder.destroy();
      }
    });
    finished(decoder, (error) =>
      error ? reject(new BadRequestError(`The request body is no ${encoding}`)) : resolve(Buffer.concat(chunks)),
    );
    decoder.end(body);
  });
}
