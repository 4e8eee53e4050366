import assert from "node:assert/strict";
import fc from "fast-check";
import { inPieces, longText } from "./answer.ts";
import { lastUserText, magicWords } from "./script.ts";
import { countTokens, cutToTokens } from "./tokens.ts";

describe("scripted behaviour", () => {
  it("reads magic words in a row and leaves the question", () => {
    assert.deepEqual(magicWords("[sim:slow][sim:long 2000] [sim:error 503 9] Why?"), {
      behaviour: { delayMs: 1500, gapMs: 200, answerTokens: 2000, error: { status: 503, retryAfterSeconds: 9 } },
      rest: "Why?",
    });
    assert.deepEqual(magicWords("Why [sim:hang]?"), { behaviour: {}, rest: "Why [sim:hang]?" });
  });

  it("listens to the last user message alone", () => {
    const messages = [
      { role: "user", content: "[sim:hang]" },
      { role: "assistant", content: "[sim:cut]" },
      { role: "user", content: [{ type: "text", text: "now" }] },
      { role: "assistant", content: "[sim:garbage]" },
    ];
    assert.equal(lastUserText({ messages }), "now");
  });
});

describe("answers", () => {
  it("fall into pieces that give the text again", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "é", "🙂", " ", "\n", "\t", ".") }), (text) => {
        assert.equal(inPieces(text).join(""), text);
      }),
    );
  });

  it("have exactly the length asked for", () => {
    fc.assert(
      fc.property(fc.nat({ max: 5000 }), (tokens) => {
        assert.equal(countTokens(longText(tokens)), tokens);
      }),
    );
  });

  it("are never longer than the limit after a cut, and unchanged below it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.nat({ max: 30 }), (text, limit) => {
        const cut = cutToTokens(text, limit);
        assert.ok(text.startsWith(cut));
        assert.equal(countTokens(cut), Math.min(limit, countTokens(text)));
      }),
    );
  });
});
