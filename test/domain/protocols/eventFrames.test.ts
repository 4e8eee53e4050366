import assert from "node:assert/strict";
import fc from "fast-check";
import { type EventFrame, FrameSplitter, frameOf, isEventFrames } from "../../../src/domain/protocols/eventFrames.ts";
import { event, exception, frame, rawFrame } from "./frames.ts";
import { cutAt } from "./streams.ts";

/** What a splitter finds: the frames, as text, and in the place of those it cannot read the reason. */
function found(chunks: readonly Buffer[], largest?: number): string[] {
  const seen: string[] = [];
  const sink = {
    frame: ({ isError, type, payload }: EventFrame) => void seen.push(`${isError ? "!" : ""}${type} ${payload}`),
    unread: (reason: string) => void seen.push(reason),
  };
  const splitter = new FrameSplitter(sink, largest);
  for (const chunk of chunks) {
    splitter.push(chunk);
  }
  return seen;
}

const frames = [
  event("messageStart", { role: "assistant" }),
  event("x", {}),
  event("y", {}),
  event("y", 1),
  exception("throttlingException", "slow"),
];
const all = Buffer.concat(frames);
const read = ['messageStart {"role":"assistant"}', "x {}", "y {}", "y 1", '!throttlingException {"message":"slow"}'];

describe("event frames", () => {
  it("are found wherever chunks end", () => {
    assert.deepEqual(found([all]), read);
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 40 }), (places) => {
        assert.deepEqual(found(cutAt(all, places)), read);
      }),
      { seed: 11 },
    );
    assert.deepEqual(found([...all].map((byte) => Buffer.of(byte))), read);
  });

  it("are written as they are read", () => {
    const headers = {
      ":message-type": "exception",
      ":exception-type": "validationException",
      "long-ü": "ü".repeat(300),
    };
    const own = frameOf(headers, Buffer.from("{}"));
    assert.deepEqual(found([own, frame({}, "rest")]), ["!validationException {}", " rest"]);
    const { "long-ü": _, ...plain } = headers;
    assert.deepEqual(frameOf(plain, Buffer.from('{"a":1}')), frame(plain, '{"a":1}'));
  });

  it("with headers of every type are read, and damaged ones are not", () => {
    const name = (text: string) => [text.length, ...Buffer.from(text)];
    const kinds = [
      ...[0, 1].map((type) => [type]),
      [2, 1],
      [3, 1, 2],
      [4, 1, 2, 3, 4],
      [5, 1, 2, 3, 4, 5, 6, 7, 8],
      [6, 0, 3, 1, 2, 3],
      [8, 1, 2, 3, 4, 5, 6, 7, 8],
      [9, ...Array(16).fill(7)],
    ];
    const head = [...kinds.flatMap((kind) => [...name("n"), ...kind]), ...name(":event-type"), 7, 0, 1, 0x65];
    assert.deepEqual(found([rawFrame(Buffer.from(head), Buffer.from("{}"))]), ["e {}"]);
    for (const wrong of [[5], [1, 0x61], [1, 0x61, 7, 0], [1, 0x61, 7, 0, 9, 1], [1, 0x61, 99], [1, 0x61, 5, 1, 2]]) {
      const damaged = rawFrame(Buffer.from(wrong), Buffer.alloc(0));
      assert.deepEqual(found([damaged, event("x", {})]), ["An event of the stream is damaged", "x {}"], String(wrong));
    }
  });

  it("that are damaged are left out, and those behind them read", () => {
    const damaged = Buffer.from(all);
    const at = (frames[0] as Buffer).length - 6;
    damaged[at] = (damaged[at] as number) ^ 1;
    assert.deepEqual(found([damaged]), ["An event of the stream is damaged", ...read.slice(1)]);
  });

  it("are not looked for behind a prelude that is none", () => {
    const [first, ...rest] = frames as [Buffer, ...Buffer[]];
    for (const at of [0, 3, 7, 11]) {
      const broken = Buffer.concat(rest);
      broken[at] = (broken[at] as number) ^ 0x40;
      for (const chunks of [[first, broken], [...Buffer.concat([first, broken])].map((byte) => Buffer.of(byte))]) {
        assert.deepEqual(found(chunks), [read[0], "The stream is not made of event frames"], `byte ${at}`);
      }
    }
    assert.equal(found([Buffer.from("data: {}\n\n".repeat(100))]).length, 1);
  });

  it("larger than what is kept are skipped, whatever their length says", () => {
    const large = event("big", "x".repeat(5_000));
    const stream = Buffer.concat([event("x", {}), large, event("x", {})]);
    const seen = ["x {}", "An event of the stream is too large to be read", "x {}"];
    assert.deepEqual(found([stream], 1_000), seen);
    assert.deepEqual(found(cutAt(stream, [5, 70, 90, 3_000]), 1_000), seen);
    const endless = Buffer.from(large.subarray(0, 12));
    assert.deepEqual(found([endless, Buffer.alloc(1_000)], 1_000), [seen[1]]);
  });

  it("are told by their content type, and any bytes are taken", () => {
    assert.ok(isEventFrames("application/vnd.amazon.eventstream"));
    assert.ok(!isEventFrames("application/json") && !isEventFrames(null));
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (chunks) => {
        found(chunks.map((chunk) => Buffer.from(chunk)));
      }),
      { seed: 12 },
    );
  });
});
