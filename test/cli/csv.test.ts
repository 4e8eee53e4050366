import assert from "node:assert/strict";
import fc from "fast-check";
import { csvLine } from "../../src/cli/csv.ts";

describe("a line of CSV", () => {
  it("quotes what would break it, and nothing else", () => {
    assert.equal(
      csvLine(["plain", 12, true, null, 'say "hi"', "a,b", "two\nlines", " padded"]),
      'plain,12,true,,"say ""hi""","a,b","two\nlines"," padded"',
    );
  });

  it("gives back every text to a reader of RFC 4180", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r", " ", "é") }), { minLength: 1 }),
        (cells) => {
          assert.deepEqual(readCsv(csvLine(cells)), cells);
        },
      ),
      { seed: 20_261_121 },
    );
  });
});

function readCsv(line: string): string[] {
  const cells: string[] = [];
  let cell = "";
  let quoted = false;
  for (let at = 0; at < line.length; at += 1) {
    const letter = line.charAt(at);
    if (quoted && letter === '"' && line[at + 1] === '"') {
      cell += '"';
      at += 1;
    } else if (letter === '"') {
      quoted = !quoted;
    } else if (!quoted && letter === ",") {
      cells.push(cell);
      cell = "";
    } else {
      assert.ok(quoted || !/[\r\n]/.test(letter), "the line breaks");
      cell += letter;
    }
  }
  return [...cells, cell];
}
