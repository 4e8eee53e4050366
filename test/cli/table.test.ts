import assert from "node:assert/strict";
import { tableLines } from "../../src/cli/table.ts";

describe("a table in the terminal", () => {
  const columns = [
    { title: "NAME", mayShrink: true },
    { title: "COST", right: true },
  ];

  it("stands in columns, numbers to the right", () => {
    assert.deepEqual(
      tableLines(
        columns,
        [
          ["a", "$1.00"],
          ["longer", "$10.00"],
        ],
        80,
      ),
      ["NAME      COST", "a        $1.00", "longer  $10.00"],
    );
  });

  it("shortens names to the terminal's width, never amounts", () => {
    const lines = tableLines(columns, [["a-very-long-name-of-a-model", "$1234.56"]], 20);
    assert.deepEqual(lines, ["NAME            COST", "a-very-lo…  $1234.56"]);
    assert.ok(tableLines(columns, [["a-very-long-name", "$1234.56"]], 3)[1]?.endsWith("$1234.56"));
  });

  it("leaves out columns that have no room, the least telling first, and says which", () => {
    const wide = [...columns, { title: "HELD", right: true, rank: 1 }, { title: "COVERS", mayShrink: true, rank: 2 }];
    const rows = [["month", "$12.00", "$0.00", "everything"]];
    assert.deepEqual(tableLines(wide, rows, 28), ["NAME     COST   HELD  COVERS", "month  $12.00  $0.00  every…"]);
    assert.deepEqual(tableLines(wide, rows, 27), [
      "NAME     COST   HELD",
      "month  $12.00  $0.00",
      "No room for COVERS",
    ]);
    assert.deepEqual(tableLines(wide, rows, 5), ["NAME     COST", "month  $12.00", "No room for HELD, COVERS"]);
  });

  it("counts two columns for characters that take two", () => {
    const lines = tableLines(
      columns,
      [
        ["日本語の計画", "$1.00"],
        ["🚀 e\u0301", "$2.00"],
      ],
      16,
    );
    assert.deepEqual(lines, ["NAME        COST", "日本語の…  $1.00", "🚀 e\u0301       $2.00"]);
  });

  it("does not let a name move the cursor or break the line", () => {
    assert.deepEqual(tableLines(columns, [["a\n\u001b[2Jb", "$0.00"]], 80)[1], "a  [2Jb  $0.00");
  });
});
