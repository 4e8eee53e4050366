import type { PromptSize } from "./promptSize.ts";

/** Whether an input is text that the client has already made into tokens, as a list of their numbers. */
export function isTokenList(input: unknown): input is readonly number[] {
  return Array.isArray(input) && input.length > 0 && input.every((token) => typeof token === "number");
}

/** Counts a list of tokens by its length, not by its bytes; whatever is none stays text. */
export function addTokenList(size: PromptSize, input: unknown): void {
  if (isTokenList(input)) {
    size.addMedia(JSON.stringify(input).length - 2, input.length, input.length);
  }
}
