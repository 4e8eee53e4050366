import { isBilledByTime } from "../prices/timedModels.ts";
import { BadRequestError, type RequestContext, type RequestFacts } from "../protocol.ts";
import { deploymentIn } from "./azureDeployment.ts";
import { bytesOf, objectOf, parseRequest, textOf } from "./jsonValue.ts";
import { isForm, readForm } from "./multipart.ts";
import { formFields, jsonFields, type RequestFields } from "./requestFields.ts";
import { type SoundLength, soundLength } from "./soundLength.ts";

/** Providers take 10 (OpenAI) to 32 tokens for a second of sound. */
const MOST_TOKENS_A_SECOND = 32;
const USUAL_TOKENS_A_SECOND = 10;
/** What may be written for a second: fast speech makes 7 tokens; a Whisper model writes 448 in 30 seconds at most. */
const WRITTEN_TOKENS_A_SECOND = 16;
const FRAME_TOKENS = 200;
const LEAST_WRITTEN_TOKENS = 1_000;
/** As `estimatedTokens` turns them back. */
const ESTIMATED_BYTES_PER_TOKEN = 3;

interface Brought {
  readonly fields: RequestFields;
  readonly members: ReadonlySet<string>;
  readonly sound: SoundLength;
  /** Bytes of what guides the model: a prompt, names, keywords, samples of voices. */
  readonly guideBytes: number;
}

/**
 * A sound with what is to be done with it, as a form or, at some hosts, as JSON. `leastSeconds` is the least that is billed.
 * @throws BadRequestError
 */
export function readTranscriptionRequest(
  body: Buffer,
  context: RequestContext | undefined,
  leastSeconds: number,
): RequestFacts {
  const { fields, members, sound, guideBytes } = isForm(context?.contentType)
    ? fromForm(body, context)
    : fromJson(body);
  const model = deploymentIn(context?.path ?? "") ?? fields.text("model") ?? "";
  const byTime = isBilledByTime(model);
  const most = Math.max(leastSeconds, sound.most);
  const usual = Math.max(leastSeconds, sound.usual);
  const usualTokens = byTime ? usual : usual * USUAL_TOKENS_A_SECOND + Math.ceil(guideBytes / 4);
  return {
    model,
    stream: fields.flag("stream"),
    inputBoundTokens: byTime ? most : most * MOST_TOKENS_A_SECOND + guideBytes + FRAME_TOKENS,
    outputLimitTokens: byTime ? 0 : most * WRITTEN_TOKENS_A_SECOND + LEAST_WRITTEN_TOKENS,
    clampable: false,
    choices: 1,
    webSearchBound: 0,
    promptBytes: usualTokens * ESTIMATED_BYTES_PER_TOKEN,
    members,
    hasMedia: true,
    usageAsked: true,
    serviceTier: null,
  };
}

function fromForm(body: Buffer, context: RequestContext | undefined): Brought {
  const form = readForm(body, context?.contentType);
  const files = form.filter(({ fileName }) => fileName !== null);
  if (files.length > 1) {
    throw new BadRequestError("The form holds more than one file");
  }
  const [file] = files;
  const guides = form.filter((field) => field !== file);
  return {
    fields: formFields(form),
    members: new Set(form.map(({ name }) => name)),
    // A form without a file may name an address where the sound is: how long that is, nobody can tell.
    sound: file === undefined ? UNKNOWN_LENGTH : soundLength(file.value),
    guideBytes: guides.reduce((bytes, { value }) => bytes + value.length, 0),
  };
}

/** The longest sound that providers fetch and write down: four hours. */
const UNKNOWN_LENGTH: SoundLength = { most: 14_400, usual: 600 };

/** OpenRouter's `{input_audio: {data}}`, in base64; others name an address. */
function fromJson(body: Buffer): Brought {
  const request = parseRequest(body);
  const data = textOf(objectOf(request.input_audio).data) ?? textOf(request.file);
  const sound = data === null ? UNKNOWN_LENGTH : soundLength(Buffer.from(data.replace(/^data:[^,]*,/, ""), "base64"));
  const guideBytes = body.length - bytesOf(data);
  return { fields: jsonFields(request), members: new Set(Object.keys(request)), sound, guideBytes };
}
