import { type JsonObject, objectOf, textMember } from "./jsonValue.ts";
import {
  audioTokens,
  documentTokens,
  LARGEST_DOCUMENT_TOKENS,
  type PromptSize,
  USUAL_DOCUMENT_TOKENS,
  USUAL_IMAGE_TOKENS,
} from "./promptSize.ts";

/** What OpenAI's protocols have in common: images, sound, documents, tiers, and a host's own figure of the cost. */

/** An image; `bytesInBody` is 0 for one that the provider keeps or fetches. */
export function addImage(size: PromptSize, model: string, bytesInBody: number, detail: string | null): void {
  size.addMedia(bytesInBody, imageTokens(model, detail), USUAL_IMAGE_TOKENS);
}

/** Sound as base64. */
export function addSound(size: PromptSize, data: string): void {
  size.addMedia(data.length, audioTokens(data.length), audioTokens(data.length));
}

/** A document as base64 or as a `data:` address; null for one that the provider keeps or fetches. */
export function addDocument(size: PromptSize, data: string | null): void {
  const most = data === null ? LARGEST_DOCUMENT_TOKENS : documentTokens(data.length);
  size.addMedia(data?.length ?? 0, most, USUAL_DOCUMENT_TOKENS);
}

/**
 * The tier asked for. `auto` and `default` are the usual one. What has another name, the price book knows or takes for dear.
 * @throws BadRequestError
 */
export function askedTier(request: JsonObject): string | null {
  const tier = textMember(request, "service_tier");
  return tier === "auto" || tier === "default" ? null : tier;
}

/**
 * The most tokens that one image takes. OpenAI's tiles: 85 + 170 for each of at most 8 (gpt-4o-mini 2,833 + 5,667); its
 * patches: at most 2,500 times 2.46, or 10,000 times 1.62 in original detail. Other models take up to 16,384 (Qwen-VL).
 */
function imageTokens(model: string, detail: string | null): number {
  if (/gpt-4o-mini/.test(model)) {
    return 48_200;
  }
  if (/(^|\/)(gpt-4|chatgpt-4o|o1)/.test(model) && !/gpt-4\.1/.test(model)) {
    return 1_500;
  }
  if (/(^|\/)(gpt-\d|o\d)/.test(model)) {
    return detail === "low" || detail === "high" ? 6_200 : 16_200;
  }
  return 16_640;
}

/** xAI counts in these, to the USD. */
const TICKS = 10_000_000_000;

/**
 * A host's own figure, in USD: OpenRouter's `cost` (with a key of the user's own, what that key's provider bills comes on
 * top), Perplexity's `cost.total_cost`, xAI's `cost_in_usd_ticks`.
 */
export function reportedUsd(usage: JsonObject): number | null {
  const ticks = usage.cost_in_usd_ticks;
  const cost = usdOf(typeof ticks === "number" ? ticks / TICKS : (objectOf(usage.cost).total_cost ?? usage.cost));
  const upstream = usdOf(objectOf(usage.cost_details).upstream_inference_cost);
  return cost !== null && usage.is_byok === true ? cost + (upstream ?? 0) : cost;
}

function usdOf(value: unknown): number | null {
  return typeof value === "number" && value >= 0 && value <= 9_000_000 ? value : null;
}
