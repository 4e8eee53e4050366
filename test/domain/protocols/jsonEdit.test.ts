import assert from "node:assert/strict";
import fc from "fast-check";
import { membersOf, withMembers } from "../../../src/domain/protocols/jsonEdit.ts";
import { utf8 } from "./streams.ts";

const edited = (text: string, members: Record<string, string>) =>
  withMembers(utf8(text), new Set(Object.keys(JSON.parse(text))), members).toString();

describe("edits of JSON bytes", () => {
  it("put a new member in front and touch nothing else", () => {
    assert.equal(edited('{ "a" : 1.50 }', { b: "2" }), '{"b":2, "a" : 1.50 }');
    assert.equal(edited(" {\n}", { b: "2" }), ' {"b":2\n}');
  });

  it("replace a member wherever it stands at the top, doubles and escaped names too, and not in the depths", () => {
    assert.equal(
      edited('{"x":{"n":1,"s":"\\"n\\":3"},"n" : 5 ,"\\u006e":[1,{"n":2}]}', { n: "9" }),
      '{"x":{"n":1,"s":"\\"n\\":3"},"n" : 9 ,"\\u006e":9}',
    );
  });

  it("give an object that differs in the given members only, whatever it holds", () => {
    const spaces = fc.constantFrom(undefined, 1, "\t");
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), spaces, fc.nat(), (object, indent, value) => {
        const body = utf8(JSON.stringify({ ...object, last: '\\\\"' }, null, indent));
        const before = JSON.parse(body.toString()) as object;
        const present = new Set(Object.keys(before));
        const after = JSON.parse(withMembers(body, present, { limit: String(value) }).toString()) as object;
        assert.deepEqual(after, { ...before, limit: value });
        assert.equal(membersOf(body, present, ["last"]).get("last"), '\\\\"');
        assert.equal(withMembers(body, present, {}), body);
      }),
      { seed: 2, numRuns: 500 },
    );
  });
});
