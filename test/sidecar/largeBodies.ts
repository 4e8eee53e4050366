import { createHash } from "node:crypto";
import type { request as httpRequest, IncomingMessage, ServerResponse } from "node:http";

export const MB = 1024 * 1024;
export const LARGE = 100 * MB;

/** A body that is large: how it begins, what is repeated, how it ends. */
export type Parts = readonly [first: Buffer, repeated: Buffer, last: Buffer];

export const prose = "A gate is held by what passes it, and by nobody else. ".repeat(18);
export const sse = (...events: object[]) =>
  Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""));

export const delta = (content: string) => ({ choices: [{ index: 0, delta: { content } }], usage: null });
export const chatOf = (repeated: Buffer): Parts => [
  sse({ ...delta(""), model: "gpt-4o-mini" }),
  repeated,
  Buffer.concat([
    sse({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 1_000_000 } }),
    Buffer.from("data: [DONE]\n\n"),
  ]),
];
export const CHAT = chatOf(sse(delta(prose)));
export const MESSAGES: Parts = [
  sse(
    { type: "message_start", message: { model: "claude-haiku-4-5", usage: { input_tokens: 7, output_tokens: 1 } } },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  ),
  sse({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: prose } }),
  sse({ type: "message_delta", delta: {}, usage: { output_tokens: 1_000_000 } }, { type: "message_stop" }),
];

/** How often the middle of a body is repeated, for a body of `size` bytes or a little more. */
export const timesFor = ([first, repeated, last]: Parts, size: number) =>
  Math.ceil((size - first.length - last.length) / repeated.length);

/** A body whose bytes somebody wrote, or read. */
export interface Seen {
  readonly bytes: number;
  readonly digest: string;
}

export async function read(message: IncomingMessage): Promise<Seen> {
  const digest = createHash("sha256");
  let bytes = 0;
  for await (const chunk of message) {
    digest.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { bytes, digest: digest.digest("hex") };
}

/** Writes a body and ends. `onStuck` is told how much was written each time nobody has taken any for half a second. */
export async function write(
  to: ServerResponse | ReturnType<typeof httpRequest>,
  parts: Parts,
  size: number,
  onStuck: (bytes: number) => void = () => {},
): Promise<Seen> {
  const digest = createHash("sha256");
  let bytes = 0;
  let goOn: () => void = () => {};
  to.on("drain", () => goOn());
  to.on("close", () => goOn());
  const put = async (part: Buffer) => {
    digest.update(part);
    bytes += part.length;
    if (!to.destroyed && !to.write(part)) {
      const timer = setTimeout(() => onStuck(bytes), 500);
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      clearTimeout(timer);
    }
  };
  const [first, repeated, last] = parts;
  await put(first);
  for (let times = timesFor(parts, size); times > 0; times -= 1) {
    await put(repeated);
  }
  await put(last);
  to.end();
  return { bytes, digest: digest.digest("hex") };
}
