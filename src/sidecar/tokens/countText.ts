/** Text is counted in pieces of so many characters: tokenizers go quadratic on long runs without a space. */
const PIECE = 512;

/**
 * Tokens of all text in a JSON body, keys included, by a tokenizer's own count of a piece. Cutting a text into pieces only
 * ever adds tokens.
 */
export function countText(body: unknown, count: (piece: string) => number): number {
  let tokens = 0;
  const waiting: unknown[] = [body];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value === "string") {
      for (let at = 0; at < value.length; at += PIECE) {
        tokens += count(value.slice(at, at + PIECE));
      }
    } else if (Array.isArray(value)) {
      tokens += value.length;
      waiting.push(...value.filter((item) => item !== undefined));
    } else if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        // The punctuation around a member is a token or two where the JSON itself is shown to the model, as with tools.
        tokens += count(key) + 2;
        waiting.push(inner);
      }
    } else {
      tokens += Math.ceil(String(value).length / 2);
    }
  }
  return tokens;
}
