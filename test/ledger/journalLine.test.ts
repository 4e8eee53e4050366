import assert from "node:assert/strict";
import fc from "fast-check";
import type { TollgateEvent } from "../../src/domain/events.ts";
import { decodeLine, encodeLine } from "../../src/ledger/journalLine.ts";
import { sampleCall } from "./samples.ts";

function lineOf(event: TollgateEvent): Buffer {
  return Buffer.from(encodeLine(event).slice(0, -1), "utf8");
}

describe("a line of the journal", () => {
  it("gives back what was written, whatever text it holds", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.nat(), (text, seq) => {
        const event: TollgateEvent = {
          type: "call.settled",
          seq,
          at: 5,
          call: sampleCall({ errorType: text }),
        };
        const line = encodeLine(event);
        assert.equal(line.indexOf("\n"), line.length - 1);
        assert.deepEqual(decodeLine(lineOf(event)), { kind: "event", event });
      }),
    );
  });

  it("is known as damaged after any flipped bit, and when its end is missing", () => {
    const line = lineOf({ type: "call.settled", seq: 1, at: 5, call: sampleCall() });
    fc.assert(
      fc.property(fc.nat(line.length - 1), fc.nat(7), (index, bit) => {
        const flipped = Buffer.from(line);
        flipped[index] = (flipped[index] as number) ^ (1 << bit);
        assert.deepEqual(decodeLine(flipped), { kind: "damaged" });
        assert.deepEqual(decodeLine(line.subarray(0, index)), { kind: "damaged" });
      }),
    );
    assert.deepEqual(decodeLine(Buffer.alloc(4_096)), { kind: "damaged" });
  });

  it("that a newer version wrote is whole, but unknown", () => {
    const line = lineOf({ type: "call.rated", seq: 1, at: 5 } as unknown as TollgateEvent);
    assert.deepEqual(decodeLine(line), { kind: "unknown", type: "call.rated" });
  });
});
