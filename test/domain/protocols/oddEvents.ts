import fc from "fast-check";

/** Texts that a reader could take for something else, and such as JSON writes in several ways. */
export const oddWords: fc.Arbitrary<string> = fc
  .array(
    fc.constantFrom(
      ...["word ", "¡Hola! ", "日本", "🌮", "\n\n", "\t", '"', "\\", "/", "", "\u0001", "\ud83d", "\udc00 "],
      ...[
        '"usage":{"output_tokens":9}',
        '","done":true,"x":"',
        '"finishReason":"STOP"',
        "response.completed",
        "[DONE]",
      ],
      ...['{"error":{"message":"no"}}', "data: {}", "message_stop", "reasoning_summary", "usageMetadata"],
    ),
    { maxLength: 4 },
  )
  .map((words) => words.join(""));

/** Ways to write JSON: with spaces anywhere, and characters escaped that need not be. */
export const oddJson: fc.Arbitrary<(value: unknown) => string> = fc
  .record({
    space: fc.constantFrom("", " ", "\t "),
    colon: fc.constantFrom(":", ": ", " : "),
    escapes: fc.constantFrom(/(?!)/g, /[^\x20-\x7e]/g, /[a-z/]/g),
    upper: fc.boolean(),
  })
  .map(({ space, colon, escapes, upper }) => {
    const text = (value: string) =>
      JSON.stringify(value).replace(/\\u....|\\.|[^\\]/gs, (unit) =>
        unit.length === 1 && unit !== '"' && unit.match(escapes) !== null ? `\\u${hex(unit, upper)}` : unit,
      );
    const write = (value: unknown): string => {
      if (typeof value === "string") {
        return text(value);
      }
      if (Array.isArray(value)) {
        return `[${space}${value.map(write).join(`${space},${space}`)}${space}]`;
      }
      if (typeof value === "object" && value !== null) {
        const members = Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}${colon}${write(inner)}`);
        return `{${space}${members.join(`,${space}`)}${space}}`;
      }
      return JSON.stringify(value);
    };
    return write;
  });

function hex(unit: string, upper: boolean): string {
  const digits = unit.charCodeAt(0).toString(16).padStart(4, "0");
  return upper ? digits.toUpperCase() : digits;
}
