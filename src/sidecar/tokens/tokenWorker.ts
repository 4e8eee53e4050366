import { parentPort } from "node:worker_threads";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { countText } from "./countText.ts";

/** A job: the bytes of a JSON body. The answer carries its tokens, or null where it cannot be read. */
export interface TokenJob {
  readonly id: number;
  readonly body: Uint8Array;
}

export interface TokenAnswer {
  readonly id: number;
  readonly tokens: number | null;
}

// Text that looks like one of the tokenizer's control tokens is text here.
const asText = { disallowedSpecial: new Set<string>() };

parentPort?.on("message", ({ id, body }: TokenJob) => {
  const answer: TokenAnswer = { id, tokens: tokensOf(body) };
  parentPort?.postMessage(answer);
});

function tokensOf(body: Uint8Array): number | null {
  try {
    return countText(JSON.parse(Buffer.from(body).toString("utf8")), (piece) => countTokens(piece, asText));
  } catch {
    return null;
  }
}
