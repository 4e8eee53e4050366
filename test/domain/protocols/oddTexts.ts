import fc from "fast-check";

/** So many levels: parsers that call themselves for each one end in a stack overflow. */
const DEEP = 10_000;

/** Values of so many levels, in shapes that readers go into. */
export const DEEP_VALUES: readonly string[] = [
  `${"[".repeat(DEEP)}${"]".repeat(DEEP)}`,
  `${'[{"content":'.repeat(DEEP / 2)}[]${"}]".repeat(DEEP / 2)}`,
];
const [LISTS = ""] = DEEP_VALUES;

/** Answers of every family whose calls of tools have arguments of so many levels. */
export const DEEP_ANSWERS: readonly string[] = [
  `{"type":"message","content":[{"type":"tool_use","name":"f","input":{"a":${LISTS}}}]}`,
  `{"object":"response","status":"completed","output":[{"type":"function_call","arguments":${LISTS}},{"type":"message","content":[{"type":"output_text","text":${LISTS}}]},{"type":"custom_tool_call","input":${LISTS}},{"type":"reasoning","summary":${LISTS}},{"type":"mcp_call","output":${LISTS}}]}`,
  `{"choices":[{"message":{"content":${LISTS},"tool_calls":[{"function":{"name":"f","arguments":{"a":${LISTS}}}}]}}]}`,
  `{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":${LISTS}}}}]}}]}`,
  `{"message":{"content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":${LISTS}}}}]},"done":true}`,
  `{"output":{"message":{"content":[{"toolUse":{"name":"f","input":{"a":${LISTS}}}}]}}}`,
];

/** JSON of values as no encoder writes them. */
const ODD_VALUES: readonly string[] = [
  ...DEEP_VALUES,
  ...["1e400", "-1e400", "1e-400", "-0", "-1", "-1e15", "0.1", "1e308", "99999999999999999999999", "9007199254740993"],
  ...['"12"', '"-1"', '"NaN"', '"Infinity"', '"1e9"', '" 7 "', '"0x10"', '"true"', '"null"'],
  ...['"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', '"\\u202e"', '"__proto__"', '{"__proto__":{"input_tokens":5}}'],
  `"${"\\ud83d".repeat(5_000)}"`,
  `{"${"k".repeat(100_000)}":1}`,
  `[${"[],".repeat(50_000)}[]]`,
  `"${"x".repeat(100_000)}"`,
];

/**
 * Bodies of JSON text that hold odd values somewhere below the names that matter, beside the members of a body that is in
 * order: names stand twice, before and after, and some bytes are no UTF-8 or begin with a byte order mark.
 */
export function oddTexts(names: readonly string[], inOrder: object): fc.Arbitrary<Buffer> {
  const place = fc.array(fc.tuple(fc.constantFrom(...names), fc.boolean()), { maxLength: 3 });
  const ways = fc.constantFrom("before", "after", "alone", "mark", "broken");
  return fc
    .tuple(fc.constantFrom(...names), place, fc.constantFrom(...ODD_VALUES), ways)
    .map(([name, path, odd, way]) => oddText(inOrder, name, path, odd, way));
}

/** The body with one odd member at its top, below which the path of names leads to the value. */
export function oddText(
  inOrder: object,
  name: string,
  path: ReadonlyArray<readonly [name: string, inList: boolean]>,
  odd: string,
  way: string,
): Buffer {
  const members = JSON.stringify(inOrder).slice(1, -1);
  const value = path.reduceRight((below, [inner, inList]) => {
    const object = `{"${inner}":${below}}`;
    return inList ? `[${object}]` : object;
  }, odd);
  const both = (first: string, second: string) => `{${[first, second].filter((part) => part !== "").join(",")}}`;
  const member = `"${name}":${value}`;
  switch (way) {
    case "before":
      return Buffer.from(both(member, members));
    case "alone":
      return Buffer.from(both(member, ""));
    case "mark":
      return Buffer.from(`\ufeff${both(members, member)}`);
    case "broken":
      return Buffer.from(Buffer.from(both(members, `"${name}":"\u0001"`)).map((byte) => (byte === 1 ? 0xed : byte)));
    default:
      return Buffer.from(both(members, member));
  }
}
