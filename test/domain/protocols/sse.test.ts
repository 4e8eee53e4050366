import assert from "node:assert/strict";
import fc from "fast-check";
import { SseSplitter, sseData } from "../../../src/domain/protocols/sse.ts";
import { cutAt, utf8 } from "./streams.ts";

/** Splits and gives the data of each event, with all bytes as they came out. */
function split(chunks: readonly Buffer[], largest?: number) {
  const data: string[] = [];
  const bytes: Buffer[] = [];
  let unread = 0;
  const splitter = new SseSplitter(
    {
      event: (raw) => {
        bytes.push(raw);
        const value = sseData(raw).toString();
        if (value !== "") {
          data.push(value);
        }
      },
      unread: (raw) => {
        bytes.push(raw);
        unread += raw.length;
      },
    },
    largest,
  );
  for (const chunk of chunks) {
    splitter.push(chunk);
  }
  splitter.end();
  return { data, bytes: Buffer.concat(bytes), unread };
}

/** Reads the same text the plain way: by the standard's grammar, the whole at once. */
function plainly(text: string): string[] {
  const events: string[] = [];
  let lines: string[] = [];
  for (const line of [...text.split(/\r\n|\r|\n/), ""]) {
    if (line !== "") {
      lines.push(line);
      continue;
    }
    const values = lines.filter((one) => /^data(:|$)/.test(one)).map((one) => one.replace(/^data:? ?/, ""));
    if (values.join("\n") !== "") {
      events.push(values.join("\n"));
    }
    lines = [];
  }
  return events;
}

describe("server-sent events", () => {
  it("finds the same events however lines end and chunks are cut, and keeps every byte", () => {
    const line = fc.constantFrom(
      "data: héllo €😀",
      "data:x",
      "data",
      "event: ping",
      ": comment",
      "id: 1",
      "data:  two",
      "",
    );
    const lineEnd = fc.constantFrom("\n", "\r\n", "\r");
    const stream = fc.array(fc.tuple(line, lineEnd)).map((lines) => lines.flat().join(""));
    fc.assert(
      fc.property(stream, fc.array(fc.nat()), (text, places) => {
        const found = split(cutAt(utf8(text), places));
        assert.deepEqual(found.data, plainly(text));
        assert.equal(found.bytes.toString(), text);
      }),
      { seed: 1, numRuns: 1_000 },
    );
  });

  it("passes on what is too large to be kept, and reads on behind it", () => {
    const text = `data: ${"x".repeat(5_000)}\n\ndata: after\n\n`;
    for (const places of [[], [100], [10, 2_000, 5_006, 5_007]]) {
      const found = split(cutAt(utf8(text), places), 1_000);
      assert.deepEqual(found.data, ["after"]);
      assert.equal(found.bytes.toString(), text);
      assert.ok(found.unread > 5_000);
    }
  });
});
