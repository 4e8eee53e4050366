import { itemsOf, memberOf } from "./googleMembers.ts";
import { isObject, type JsonObject, objectOf, textOf } from "./jsonValue.ts";
import {
  audioTokens,
  documentTokens,
  type PromptSize,
  USUAL_DOCUMENT_TOKENS,
  USUAL_IMAGE_TOKENS,
} from "./promptSize.ts";

/**
 * The most tokens of one picture. Google cuts pictures into tiles of 258 tokens; the finest cut of the largest size is 24
 * of them. Newer models take 1,120 in high resolution and 2,240 in the highest.
 */
const LARGEST_IMAGE_TOKENS = 24 * 258 + 258;
/** A file that is not in the body can fill the longest context there is. */
const LARGEST_FILE_TOKENS = 2_097_152;
/** Video is read at 258 tokens a frame, one frame a second, and 32 tokens of sound: no codec comes down to 150 bytes for that. */
const VIDEO_TOKENS_PER_BYTE = 2;
/** What sound and film usually are, in bytes to a token: 128 kbit/s at 32 tokens, 2 Mbit/s at 300 tokens a second. */
const USUAL_AUDIO_BYTES = 500;
const USUAL_VIDEO_BYTES = 800;

/** Adds the pictures, sound, films and documents of a list of contents. */
export function addMediaOf(size: PromptSize, contents: unknown): void {
  for (const content of itemsOf(contents)) {
    for (const part of itemsOf(objectOf(content).parts)) {
      addPart(size, objectOf(part));
    }
  }
}

function addPart(size: PromptSize, part: JsonObject): void {
  const inline = memberOf(part, "inlineData");
  const file = memberOf(part, "fileData");
  if (isObject(inline)) {
    addInline(size, part, inline);
  }
  if (isObject(file)) {
    addFile(size, part, file);
  }
  // What a function gives back can hold media of its own, one level deep.
  const given = objectOf(memberOf(part, "functionResponse"));
  for (const inner of itemsOf(given.parts)) {
    const { inlineData, inline_data, fileData, file_data } = objectOf(inner);
    addPart(size, { inlineData: inlineData ?? inline_data, fileData: fileData ?? file_data });
  }
}

function addInline(size: PromptSize, part: JsonObject, inline: JsonObject): void {
  const length = textOf(inline.data)?.length ?? 0;
  const bytes = Math.ceil((length * 3) / 4);
  switch (kindOf(inline)) {
    case "image":
      size.addMedia(length, imageTokens(part), USUAL_IMAGE_TOKENS);
      return;
    case "audio":
      size.addMedia(length, audioTokens(length), Math.ceil(bytes / USUAL_AUDIO_BYTES));
      return;
    case "video": {
      const most = bytes * VIDEO_TOKENS_PER_BYTE * framesPerSecond(part) + documentTokens(0);
      size.addMedia(length, mostOf(part, most), Math.ceil(bytes / USUAL_VIDEO_BYTES));
      return;
    }
    default:
      size.addMedia(length, Math.max(documentTokens(length), imageTokens(part)), USUAL_DOCUMENT_TOKENS);
  }
}

function addFile(size: PromptSize, part: JsonObject, file: JsonObject): void {
  const isImage = kindOf(file) === "image";
  const most = isImage ? imageTokens(part) : LARGEST_FILE_TOKENS;
  size.addMedia(0, most, isImage ? USUAL_IMAGE_TOKENS : USUAL_DOCUMENT_TOKENS);
}

function kindOf(data: JsonObject): string {
  return (textOf(memberOf(data, "mimeType")) ?? "").toLowerCase().split("/")[0] ?? "";
}

/** Clients may ask for a picture to be read at a number of tokens of their own. */
function imageTokens(part: JsonObject): number {
  const asked = memberOf(objectOf(memberOf(part, "mediaResolution")), "numTokens");
  return Math.max(
    LARGEST_IMAGE_TOKENS,
    typeof asked === "number" ? Math.ceil(Math.min(asked, LARGEST_FILE_TOKENS)) : 0,
  );
}

/** A film that the model looks through by itself is read as often as it likes. */
function mostOf(part: JsonObject, tokens: number): number {
  return memberOf(part, "mediaProcessing") === "AGENTIC" ? LARGEST_FILE_TOKENS : Math.min(LARGEST_FILE_TOKENS, tokens);
}

function framesPerSecond(part: JsonObject): number {
  const { fps } = objectOf(memberOf(part, "videoMetadata"));
  return typeof fps === "number" && fps > 1 ? Math.min(fps, 24) : 1;
}
