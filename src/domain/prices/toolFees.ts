import type { CostBasis } from "../call.ts";
import type { NanoUsd } from "../money.ts";

/** What OpenAI charges for the tools it runs beside tokens and web searches, by its price page of autumn 2026. */

/** One search in stored files: 2.50 USD for a thousand. */
export const FILE_SEARCH_NANO_USD: NanoUsd = 2_500_000;

/** What a search by the preview of the tool costs more than any other, with a model that does not reason: 25 USD a thousand. */
const PREVIEW_SEARCH_NANO_USD: NanoUsd = 15_000_000;
const NOT_REASONING = /(^|\/)(chatgpt-4o|gpt-4o|gpt-4\.[15]|gpt-4(-|$))/;

/** What one search costs on top of the model's own fee for it, by the type of the tool that made it. */
export function previewSearchNanoUsd(toolType: string, model: string): NanoUsd {
  return toolType.startsWith("web_search_preview") && NOT_REASONING.test(model) ? PREVIEW_SEARCH_NANO_USD : 0;
}

/** A container for 20 minutes, by its memory. Since June 2026 it is billed by the minute, so this errs upward. */
const CONTAINER_NANO_USD: Readonly<Record<string, NanoUsd>> = {
  "1g": 30_000_000,
  "4g": 120_000_000,
  "16g": 480_000_000,
  "64g": 1_920_000_000,
};

/** A container of the memory asked for; the smallest where none is, as at OpenAI, the largest where it is not known. */
export function containerNanoUsd(memory: string | null): NanoUsd {
  return CONTAINER_NANO_USD[memory ?? "1g"] ?? 1_920_000_000;
}

/** A token of an image that a tool drew, at the rate of the dearest image model that is listed: 40 USD a million. */
export const IMAGE_TOKEN_NANO_USD: NanoUsd = 40_000;
/** An image at most: one in high quality takes 6,240 tokens, and its prompt and earlier images are read. */
export const IMAGE_NANO_USD: NanoUsd = 400_000_000;

/** Whether calls of this basis are charged tool fees: not where all calls are free, or paid for by the hour. */
export function chargesToolFees(basis: CostBasis): boolean {
  return basis !== "free" && basis !== "compute-hour";
}
