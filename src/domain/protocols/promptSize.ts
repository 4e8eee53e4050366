/**
 * A prompt's size as far as it is read. The bytes of the request's JSON are themselves a ceiling for its text: byte-level
 * tokenizers give at most one token a byte, and JSON only ever makes text longer, which also covers the few tokens that
 * chat templates put around each message. Only media count otherwise: their bytes are taken off, tokens put on.
 */
export class PromptSize {
  readonly #bodyBytes: number;
  readonly #textTokens: number;
  #mediaBytes = 0;
  #mediaTokens = 0;
  #usualMediaTokens = 0;

  /** `textTokens` is the most tokens its text can be, where that is known better than by its bytes. */
  constructor(bodyBytes: number, textTokens = Number.POSITIVE_INFINITY) {
    this.#bodyBytes = bodyBytes;
    this.#textTokens = textTokens;
  }

  /** Adds one image, sound or document: its bytes in the body, the most tokens it can take, and what it usually takes. */
  addMedia(bytesInBody: number, mostTokens: number, usualTokens: number): void {
    this.#mediaBytes += bytesInBody;
    this.#mediaTokens += mostTokens;
    this.#usualMediaTokens += Math.min(usualTokens, mostTokens);
  }

  /** No more tokens than this are in the prompt, what providers put around it left out. */
  get mostTokens(): number {
    return Math.min(this.#textBytes, this.#textTokens) + this.#mediaTokens;
  }

  get hasMedia(): boolean {
    return this.#mediaTokens > 0;
  }

  /** Bytes of text, with media as the bytes of text that would take as many tokens. */
  get textBytes(): number {
    return this.#textBytes + this.#usualMediaTokens * BYTES_PER_TOKEN;
  }

  get #textBytes(): number {
    return Math.max(0, this.#bodyBytes - this.#mediaBytes);
  }
}

const BYTES_PER_TOKEN = 4;
/** What an image usually takes, in tokens. */
export const USUAL_IMAGE_TOKENS = 1_000;

/**
 * Sound: at most one token for 16 bytes. Providers bill 10 to 32 tokens a second, and no codec they take goes below 512
 * bytes a second (Opus begins at 750). `base64Length` is in characters.
 */
export function audioTokens(base64Length: number): number {
  return Math.ceil((base64Length * 3) / 4 / 16) + 100;
}

/** No model that reads documents has a longer context, so no document is more, whether its size is known or not. */
export const LARGEST_DOCUMENT_TOKENS = 1_000_000;
/** What a document of unknown size is taken to be where an estimate is needed. */
export const USUAL_DOCUMENT_TOKENS = 10_000;

/**
 * A document sent as base64. Providers bill each page's text and its picture (up to about 4,600 tokens a page); how many
 * pages there are stands inside compressed streams. Two tokens a byte hold down to 2.3 KB a page, and the constant holds
 * for the first page whatever its size.
 */
export function documentTokens(base64Length: number): number {
  return Math.min(LARGEST_DOCUMENT_TOKENS, Math.ceil((base64Length * 3) / 4) * 2 + 5_000);
}

/** The characters of a `data:` address, 0 for an address elsewhere. */
export function dataUrlLength(url: string): number {
  return url.startsWith("data:") ? url.length : 0;
}

/** Output and input are estimated at this many bytes a token: real text has 3.5 to 4.6, so it errs upward by a fifth or more. */
const ESTIMATED_BYTES_PER_TOKEN = 3;

/** Tokens of a text of which only the bytes are known; errs upward. */
export function estimatedTokens(bytes: number): number {
  return Math.ceil(bytes / ESTIMATED_BYTES_PER_TOKEN);
}

/** Input tokens where the provider reports none; errs upward, but not beyond the bound. */
export function estimatedInput(facts: { readonly promptBytes: number; readonly inputBoundTokens: number }): number {
  return Math.min(facts.inputBoundTokens, estimatedTokens(facts.promptBytes));
}
