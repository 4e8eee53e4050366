import { crc32 } from "node:zlib";

/** Frames of Amazon's event stream, put together by hand from its description. */
export function frame(headers: Readonly<Record<string, string>>, payload: Buffer | string): Buffer {
  const head = Buffer.concat(
    Object.entries(headers).map(([name, value]) => {
      const bytes = Buffer.from(value);
      const length = Buffer.from([bytes.length >> 8, bytes.length & 255]);
      return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from([7]), length, bytes]);
    }),
  );
  return rawFrame(head, Buffer.from(payload));
}

/** A frame whose headers are given as bytes. */
export function rawFrame(head: Buffer, payload: Buffer): Buffer {
  const prelude = Buffer.alloc(8);
  prelude.writeUInt32BE(12 + head.length + payload.length + 4, 0);
  prelude.writeUInt32BE(head.length, 4);
  const before = Buffer.concat([prelude, sumOf(prelude), head, payload]);
  return Buffer.concat([before, sumOf(before)]);
}

function sumOf(bytes: Buffer): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum;
}

export const event = (type: string, payload: unknown): Buffer =>
  frame(
    { ":event-type": type, ":content-type": "application/json", ":message-type": "event" },
    JSON.stringify(payload),
  );

export const exception = (type: string, message: string): Buffer =>
  frame({ ":exception-type": type, ":message-type": "exception" }, JSON.stringify({ message }));

/** A chunk of a model's own stream, with the padding that Bedrock adds. */
export const chunk = (value: unknown): Buffer =>
  event("chunk", { bytes: Buffer.from(JSON.stringify(value)).toString("base64"), p: "abcdefgh" });
