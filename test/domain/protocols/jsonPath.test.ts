import assert from "node:assert/strict";
import fc from "fast-check";
import { withMemberAt } from "../../../src/domain/protocols/jsonPath.ts";
import { utf8 } from "./streams.ts";

const put = (text: string, path: readonly [string, ...string[]]) => withMemberAt(utf8(text), path, "300").toString();

describe("a value at a path of members", () => {
  it("takes the place of the one that is there, and every other byte stays", () => {
    assert.equal(
      put('{"x":[{"b":1}], "a" : { "c":"b", "b" : 9e2 ,"d":{} } }', ["a", "b"]),
      '{"x":[{"b":1}], "a" : { "c":"b", "b" : 300 ,"d":{} } }',
    );
    assert.equal(put('{"a":"{\\"a\\":1}"}', ["a"]), '{"a":300}');
  });

  it("is put in with all that the path lacks", () => {
    assert.equal(put("{}", ["a", "b", "c"]), '{"a":{"b":{"c":300}}}');
    assert.equal(put('{"z":1}', ["a", "b"]), '{"a":{"b":300},"z":1}');
    assert.equal(put('{"a":{"z":1}}', ["a", "b"]), '{"a":{"b":300,"z":1}}');
    for (const other of ["null", "7", '"text"', "[1]"]) {
      assert.equal(put(`{"a":${other}}`, ["a", "b"]), '{"a":{"b":300}}');
    }
  });

  it("stands in both where a member is there twice", () => {
    assert.equal(put('{"a":{"b":1},"a":{"b":2,"b":3}}', ["a", "b"]), '{"a":{"b":300},"a":{"b":300,"b":300}}');
  });

  it("keeps bytes that are no UTF-8", () => {
    const body = Buffer.concat([utf8('{"t":"'), Buffer.from([0xff, 0xfe]), utf8('","a":{"b":1}}')]);
    const changed = withMemberAt(body, ["a", "b"], "300");
    assert.ok(changed.includes(Buffer.from([0xff, 0xfe])) && changed.toString("latin1").endsWith('"a":{"b":300}}'));
  });

  it("is what a JSON parser would find there, and nothing else has changed", () => {
    const object = fc.dictionary(fc.constantFrom("a", "b", "c", "ü"), fc.jsonValue(), { noNullPrototype: true });
    fc.assert(
      fc.property(
        object,
        fc.constantFrom<readonly [string, ...string[]]>(["a"], ["a", "b"], ["ü", "a", "b"]),
        (value, path) => {
          const changed = JSON.parse(withMemberAt(utf8(JSON.stringify(value)), path, "300").toString());
          const expected = structuredClone(value) as Record<string, unknown>;
          let inner = expected;
          for (const name of path.slice(0, -1)) {
            const there = inner[name];
            const isObject = typeof there === "object" && there !== null && !Array.isArray(there);
            inner[name] = isObject ? there : {};
            inner = inner[name] as Record<string, unknown>;
          }
          inner[path.at(-1) as string] = 300;
          assert.deepEqual(changed, JSON.parse(JSON.stringify(expected)));
        },
      ),
      { seed: 13 },
    );
  });
});
