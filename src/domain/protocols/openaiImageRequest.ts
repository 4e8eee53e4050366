import { BadRequestError, type RequestContext, type RequestFacts } from "../protocol.ts";
import { deploymentIn } from "./azureDeployment.ts";
import { editedPictureTokens, PARTIAL_IMAGE_TOKENS, pictureTokens } from "./imageTokens.ts";
import { isObject, listOf, parseRequest, textOf } from "./jsonValue.ts";
import { isForm, readForm } from "./multipart.ts";
import { dataUrlLength, PromptSize, USUAL_IMAGE_TOKENS } from "./promptSize.ts";
import { formFields, jsonFields, type RequestFields } from "./requestFields.ts";

/** What providers put around the prompt by themselves: 32 tokens were seen with one picture. */
const FRAME_TOKENS = 200;
/** OpenAI takes 10. */
const MOST_PICTURES = 1_000;
/** OpenAI takes 3. */
const MOST_PARTIALS = 100;
/** Frames of a moving picture: at most 16, and 9 where the request does not say. */
const MOST_FRAMES = 16;
const USUAL_FRAMES = 9;

/** What a request brings beside its small fields. */
interface Brought {
  readonly fields: RequestFields;
  readonly members: ReadonlySet<string>;
  /** Bytes in the body of each picture to be edited, its mask and its markup; 0 where only its address is here. */
  readonly pictures: readonly number[];
}

/** @throws BadRequestError */
export function readImageRequest(body: Buffer, context?: RequestContext): RequestFacts {
  const { fields, members, pictures } = isForm(context?.contentType) ? fromForm(body, context) : fromJson(body);
  const model = deploymentIn(context?.path ?? "") ?? fields.text("model") ?? "";
  const count = within(fields.whole("n") ?? 1, 1, MOST_PICTURES, "n");
  const partials = within(fields.whole("partial_images") ?? 0, 0, MOST_PARTIALS, "partial_images");
  const format = fields.text("output_format");
  const frames =
    format === "gif" ? within(fields.whole("frame_count") ?? USUAL_FRAMES, 1, MOST_FRAMES, "frame_count") : 1;
  const wanted = { size: fields.text("size"), quality: fields.text("quality") };
  const size = new PromptSize(body.length, context?.textTokens);
  for (const bytes of pictures) {
    const most = editedPictureTokens(model, fields.text("input_fidelity"));
    size.addMedia(bytes, most, Math.min(most, USUAL_IMAGE_TOKENS));
  }
  const perPicture = pictureTokens(model, wanted) * frames + PARTIAL_IMAGE_TOKENS * partials;
  return {
    model,
    stream: fields.flag("stream"),
    // Several pictures are billed as if each had been asked for by itself.
    inputBoundTokens: (size.mostTokens + FRAME_TOKENS) * count,
    outputLimitTokens: perPicture * count,
    clampable: false,
    // Another model writes the SVG, and how much it writes nobody says.
    ...(format === "svg" ? { boundless: true } : {}),
    choices: count,
    webSearchBound: 0,
    promptBytes: size.textBytes * count,
    members,
    hasMedia: size.hasMedia,
    usageAsked: true,
    serviceTier: null,
  };
}

function within(given: number, least: number, most: number, name: string): number {
  if (given > most) {
    throw new BadRequestError(`"${name}" must be at most ${most}`);
  }
  return Math.max(least, given);
}

function fromForm(body: Buffer, context: RequestContext | undefined): Brought {
  const form = readForm(body, context?.contentType);
  return {
    fields: formFields(form),
    members: new Set(form.map(({ name }) => name)),
    pictures: form.flatMap(({ fileName, value }) => (fileName === null ? [] : [value.length])),
  };
}

function fromJson(body: Buffer): Brought {
  const request = parseRequest(body);
  const pictures = ["image", "images", "image_url", "mask", "markup"].flatMap((name) => {
    const given = request[name] ?? null;
    return Array.isArray(given) ? listOf(given) : given === null ? [] : [given];
  });
  return { fields: jsonFields(request), members: new Set(Object.keys(request)), pictures: pictures.map(bytesHere) };
}

/** A picture may be an address, or an object that holds one or names a file that the provider keeps. */
function bytesHere(picture: unknown): number {
  const held = isObject(picture) ? (picture.image_url ?? picture.url) : picture;
  const address = textOf(isObject(held) ? held.url : held);
  return address === null ? 0 : dataUrlLength(address);
}
