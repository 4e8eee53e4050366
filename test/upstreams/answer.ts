import { type Behaviour, lastUserText, magicWords } from "./script.ts";
import { countTokens, cutToTokens, type Json } from "./tokens.ts";

/** What a model answers to one request, before it is put in a provider's shape. */
export type Answer = {
  text: string;
  /** The text in pieces of a few words, as a stream delivers it; empty for an empty text. */
  pieces: string[];
  reasoningTokens: number;
  /** Text and reasoning together. */
  outputTokens: number;
  /** The output limit ended the answer before its natural end. */
  cut: boolean;
};

const wordsPerPiece = 3;

/** Pieces of a few words; joined they give the text again, to the character. */
export const inPieces = (text: string): string[] =>
  text.match(new RegExp(`(?:\\s*\\S+){1,${wordsPerPiece}}\\s*?(?=\\s|$)|\\s+$`, "g")) ?? [];

/** A short Markdown answer that takes up the question's first words and shows a little code. */
export const defaultText = (question: string): string => {
  const words = question.split(/\s+/).filter(Boolean);
  const topic = words.slice(0, 8).join(" ").replaceAll("`", "'");
  const about = topic === "" ? "your message" : `“${topic}${words.length > 8 ? " …" : ""}”`;
  return [
    `Here is a short answer to ${about}.`,
    "",
    "1. **Start small.** Write down what goes in and what must come out.",
    "2. **Keep it pure.** A function without side effects is easy to test.",
    "",
    "```ts",
    "export const total = (amounts: number[]): number =>",
    "  amounts.reduce((sum, amount) => sum + amount, 0);",
    "```",
    "",
    "Call it with the amounts you have, and it returns their sum.",
  ].join("\n");
};

const sentences = [
  "Each part does one thing and names it plainly.",
  "The data flows one way, so a fault has one place to hide.",
  "A test says what the part promises, not how it keeps the promise.",
  "What can fail is written down together with what happens then.",
  "Numbers carry their unit in their name.",
];

/** A text of exactly so many tokens. */
export const longText = (tokens: number): string => {
  let text = "";
  for (let i = 0; countTokens(text) <= tokens; i++) {
    // Doubling keeps a very long answer cheap to build.
    text += i % 6 === 5 ? `\n\n${text}` : `${sentences[i % sentences.length]} `;
  }
  return cutToTokens(text, tokens);
};

/**
 * The answer to a request whose last user message is the question.
 * @param limit the most output tokens, reasoning included; reasoning uses them first.
 */
export const answerTo = (body: Json, behaviour: Behaviour, limit: number | undefined): Answer => {
  const wanted =
    behaviour.text ??
    (behaviour.answerTokens === undefined
      ? defaultText(magicWords(lastUserText(body)).rest)
      : longText(behaviour.answerTokens));
  const most = behaviour.ignoreOutputLimit ? Number.POSITIVE_INFINITY : (limit ?? Number.POSITIVE_INFINITY);
  const reasoningTokens = Math.min(behaviour.reasoningTokens ?? 0, most);
  const room = most - reasoningTokens;
  const cut = countTokens(wanted) > room || reasoningTokens < (behaviour.reasoningTokens ?? 0);
  const text = cut ? cutToTokens(wanted, room) : wanted;
  return { text, pieces: inPieces(text), reasoningTokens, outputTokens: countTokens(text) + reasoningTokens, cut };
};

/** A positive whole number from a request, or undefined. */
export const limitOf = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isInteger(value) && value > 0 ? value : undefined;
