import { openaiError } from "./openaiError.ts";
import { json, scripted, stream } from "./openaiTextRoutes.ts";
import type { ReceivedRequest } from "./receivedRequest.ts";
import type { Reply } from "./reply.ts";
import type { Behaviour, Script } from "./script.ts";
import { countTokens, type Json } from "./tokens.ts";

/** Output tokens of a square picture by quality, as the real models report them; 100 more for each partial picture. */
const pictureTokens: Readonly<Record<string, number>> = { low: 272, medium: 1_056, high: 4_160 };
/** Input tokens of a picture to be edited. */
export const editedTokens = 194;
/** Tokens of sound for a character that is spoken, and for a kilobyte that is heard. */
export const spokenTokens = 2;
export const heardTokens = 3;
/** What every recording is heard to say. */
export const heardText = "The gate opens at dawn, and everyone pays a token.";

const picture = Buffer.from("a simulated picture").toString("base64");
/** Bytes that are no text, so that a change on the way would show. */
export const soundBytes = Buffer.from(Array.from({ length: 3_000 }, (_, at) => (at * 37) % 256));

/** Images and audio; undefined for any other route. */
export const mediaRoute = (request: ReceivedRequest, script: Script): Reply | undefined => {
  const route = /^\/v1\/(images\/(?:generations|edits)|audio\/(?:speech|transcriptions|translations))$/.exec(
    request.path,
  )?.[1];
  if (request.method !== "POST" || route === undefined) return undefined;
  const fields = request.body ?? formOf(request);
  if (!fields) return openaiError(400, "We could not parse the body of your request.");
  const behaviour = script.take(fields);
  return { ...(scripted(behaviour) ?? answers[route]?.(fields, behaviour) ?? openaiError(404)), behaviour };
};

/** The small fields of a form; files are given by their size in bytes, under `files`. */
const formOf = ({ headers, bytes }: ReceivedRequest): Json | undefined => {
  const boundary = /boundary=(.+)$/.exec(headers["content-type"] ?? "")?.[1];
  if (boundary === undefined) return undefined;
  const fields: Json = {};
  const files: number[] = [];
  for (const part of bytes.toString("latin1").split(`--${boundary}`).slice(1, -1)) {
    const [head = "", ...rest] = part.split("\r\n\r\n");
    const value = rest.join("\r\n\r\n").slice(0, -2);
    if (head.includes("filename=")) files.push(value.length);
    else fields[/name="([^"]+)"/.exec(head)?.[1] ?? ""] = value;
  }
  return { ...fields, files };
};

const named = (event: Json): string => `event: ${String(event.type)}\ndata: ${JSON.stringify(event)}\n\n`;

const images = (kind: "image_generation" | "image_edit", fields: Json, behaviour: Behaviour): Reply => {
  const count = Number(fields.n ?? 1);
  const quality = String(fields.quality ?? "high");
  const partials = Number(fields.partial_images ?? 0);
  const edited = Array.isArray(fields.files) ? fields.files.length : 0;
  const text = countTokens(String(fields.prompt));
  const each = (pictureTokens[quality] ?? 4_160) + 100 * partials;
  const input = text + edited * editedTokens;
  const usageOf = (made: number) =>
    behaviour.usage ?? {
      input_tokens: input,
      input_tokens_details: { text_tokens: text, image_tokens: edited * editedTokens },
      output_tokens: each * made,
      total_tokens: input + each * made,
    };
  const more = { created_at: 1, background: "opaque", output_format: "png", quality, size: "1024x1024" };
  if (String(fields.stream) === "true") {
    const partial = { type: `${kind}.partial_image`, b64_json: picture, ...more };
    const shown = Array.from({ length: partials }, (_, at) => named({ ...partial, partial_image_index: at }));
    const last = { type: `${kind}.completed`, b64_json: picture, ...more, usage: usageOf(1) };
    return stream([...shown, named(last)], behaviour);
  }
  const data = Array.from({ length: count }, () => ({ b64_json: picture }));
  return json({ created: 1, data, ...more, ...(behaviour.omitUsage ? {} : { usage: usageOf(count) }) });
};

const speech = (fields: Json, behaviour: Behaviour): Reply => {
  const input = countTokens(String(fields.input));
  const output = String(fields.input).length * spokenTokens;
  if (fields.stream_format !== "sse") {
    return { status: 200, headers: { "content-type": "audio/mpeg" }, content: soundBytes, behaviour };
  }
  const usage = behaviour.usage ?? { input_tokens: input, output_tokens: output, total_tokens: input + output };
  const audio = soundBytes.subarray(0, 1_500).toString("base64");
  const delta = named({ type: "speech.audio.delta", audio });
  return stream([delta, delta, named({ type: "speech.audio.done", usage })], behaviour);
};

const transcription = (fields: Json, behaviour: Behaviour): Reply => {
  const [bytes = 0] = fields.files as number[];
  const audio = Math.ceil(bytes / 1_000) * heardTokens;
  const text = countTokens(String(fields.prompt ?? ""));
  const output = countTokens(heardText);
  const tokens = {
    type: "tokens",
    input_tokens: audio + text,
    input_token_details: { text_tokens: text, audio_tokens: audio },
    output_tokens: output,
    total_tokens: audio + text + output,
  };
  const usage = behaviour.usage ?? (fields.model === "whisper-1" ? { type: "duration", seconds: 12 } : tokens);
  if (fields.response_format === "text") {
    return {
      status: 200,
      headers: { "content-type": "text/plain; charset=utf-8" },
      content: `${heardText}\n`,
      behaviour,
    };
  }
  if (fields.stream === "true") {
    const deltas = (heardText.match(/\s*\S+/g) ?? []).map((delta) => named({ type: "transcript.text.delta", delta }));
    return stream([...deltas, named({ type: "transcript.text.done", text: heardText, usage })], behaviour);
  }
  return json({ text: heardText, usage });
};

const answers: Readonly<Record<string, (fields: Json, behaviour: Behaviour) => Reply>> = {
  "images/generations": (fields, behaviour) => images("image_generation", fields, behaviour),
  "images/edits": (fields, behaviour) => images("image_edit", fields, behaviour),
  "audio/speech": speech,
  "audio/transcriptions": transcription,
  "audio/translations": transcription,
};
