import { imageTokens } from "./anthropicRequest.ts";
import { hiddenBytes } from "./anthropicUsage.ts";
import { bytesOf, isObject, type JsonObject, jsonText, listOf, objectOf, textOf } from "./jsonValue.ts";
import {
  audioTokens,
  dataUrlLength,
  documentTokens,
  LARGEST_DOCUMENT_TOKENS,
  type PromptSize,
  USUAL_DOCUMENT_TOKENS,
  USUAL_IMAGE_TOKENS,
} from "./promptSize.ts";

/** No model behind Bedrock takes more for an image (Qwen-VL 16,384). */
const IMAGE_TOKENS = 16_640;
/** What a film takes beside a token for each of its characters in base64. */
const FILM_TOKENS = 32_000;
const DEEPEST = 4;

/** Adds the media in the blocks of Bedrock's messages, those in results of tools too, and in parts of OpenAI's shape. */
export function addBlocks(size: PromptSize, content: unknown, model: string, depth = DEEPEST): void {
  for (const value of listOf(content)) {
    const block = objectOf(value);
    addBlock(size, block, model);
    for (const inner of [block.toolResult, objectOf(block.document).source, block.guardContent]) {
      if (isObject(inner) && depth > 0) {
        addBlocks(size, inner.content ?? [inner], model, depth - 1);
      }
    }
  }
}

function addBlock(size: PromptSize, block: JsonObject, model: string): void {
  const most = /claude/.test(model) ? imageTokens(model) : IMAGE_TOKENS;
  if (isObject(block.image)) {
    size.addMedia(lengthOf(block.image) ?? 0, most, USUAL_IMAGE_TOKENS);
  }
  if (block.type === "image_url") {
    const address = textOf(objectOf(block.image_url).url) ?? textOf(block.image_url) ?? "";
    size.addMedia(dataUrlLength(address), most, USUAL_IMAGE_TOKENS);
  }
  if (isObject(block.document) && !isText(block.document.source)) {
    const length = lengthOf(block.document);
    const tokens = length === null ? LARGEST_DOCUMENT_TOKENS : documentTokens(length);
    size.addMedia(length ?? 0, tokens, USUAL_DOCUMENT_TOKENS);
  }
  if (isObject(block.video)) {
    const length = lengthOf(block.video);
    const tokens = length === null ? LARGEST_DOCUMENT_TOKENS : Math.min(LARGEST_DOCUMENT_TOKENS, length + FILM_TOKENS);
    size.addMedia(length ?? 0, tokens, USUAL_DOCUMENT_TOKENS);
  }
  if (isObject(block.audio)) {
    const length = lengthOf(block.audio);
    size.addMedia(length ?? 0, length === null ? LARGEST_DOCUMENT_TOKENS : audioTokens(length), USUAL_DOCUMENT_TOKENS);
  }
}

/** Characters of base64 in the body; null where the source lies in a bucket of the user's. */
function lengthOf({ source }: JsonObject): number | null {
  return textOf(objectOf(source).bytes)?.length ?? null;
}

function isText(source: unknown): boolean {
  const { text, content } = objectOf(source);
  return typeof text === "string" || Array.isArray(content);
}

/** Tokens that a tool call takes beside its name and arguments, as bytes. */
const CALL_FRAME_BYTES = 12;

/** Bytes of what the model wrote, thought and called in the blocks of an answer. Results of tools are not its own. */
export function blocksBytes(content: unknown): number {
  return listOf(content).reduce<number>((sum, block) => sum + blockBytes(objectOf(block)), 0);
}

function blockBytes({ text, toolUse, reasoningContent, citationsContent }: JsonObject): number {
  const cited = listOf(objectOf(citationsContent).content).map((part) => bytesOf(objectOf(part).text));
  return bytesOf(text) + callBytes(toolUse) + thoughtBytes(reasoningContent) + cited.reduce((a, b) => a + b, 0);
}

function callBytes(toolUse: unknown): number {
  if (!isObject(toolUse)) {
    return 0;
  }
  const { name, input } = toolUse;
  const given = isObject(input) ? (Object.keys(input).length === 0 ? 0 : bytesOf(jsonText(input))) : bytesOf(input);
  return bytesOf(name) + given + (bytesOf(name) > 0 ? CALL_FRAME_BYTES : 0);
}

/** Thoughts may come only encrypted, as base64; they are taken for as long as that. */
function thoughtBytes(value: unknown): number {
  const { reasoningText, text, redactedContent } = objectOf(value);
  return bytesOf(objectOf(reasoningText).text) + bytesOf(text) + hiddenBytes(redactedContent);
}

/** The same for what an event of a stream adds: the start of a block, or a delta. */
export function eventBytes(event: JsonObject): number {
  return blockBytes(objectOf(event.start)) + blockBytes(objectOf(event.delta));
}
