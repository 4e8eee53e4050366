import assert from "node:assert/strict";
import fc from "fast-check";
import { type SseMessage, SseParser } from "../../src/client/sseParser.ts";

describe("the event stream's parser", () => {
  const read = (text: string, sizes: readonly number[] = []): SseMessage[] => {
    const bytes = Buffer.from(text);
    const parser = new SseParser();
    const messages: SseMessage[] = [];
    let at = 0;
    for (const size of sizes) {
      messages.push(...parser.push(bytes.subarray(at, at + size)));
      at += size;
    }
    messages.push(...parser.push(bytes.subarray(at)));
    return messages;
  };

  it("reads names, ids, data of several lines, and passes over comments", () => {
    assert.deepEqual(read(": still here\n\nevent: call.settled\nid: 7\ndata: {\ndata: }\n\ndata:x\n\n"), [
      { event: "call.settled", id: "7", data: "{\n}" },
      { event: "message", id: "7", data: "x" },
    ]);
  });

  it("gives nothing of an event that is not complete", () => {
    assert.deepEqual(read("event: status\ndata: half\n"), []);
  });

  it("gives the same however the bytes are cut and whatever ends the lines", () => {
    const line = fc.string({ unit: "grapheme", maxLength: 12 }).map((text) => text.replace(/[\r\n]/g, ""));
    const event = fc.record({
      event: fc.constantFrom("status", "snapshot"),
      lines: fc.array(line, { minLength: 1, maxLength: 3 }),
    });
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 5 }),
        fc.constantFrom("\n", "\r\n"),
        fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 30 }),
        (events, newline, sizes) => {
          const text = events
            .map(({ event, lines }) =>
              [`event: ${event}`, ...lines.map((data) => `data: ${data}`), "", ""].join(newline),
            )
            .join("");
          assert.deepEqual(
            read(text, sizes),
            events.map(({ event, lines }) => ({ event, id: "", data: lines.join("\n") })),
          );
        },
      ),
      { seed: 20_261_121 },
    );
  });
});
