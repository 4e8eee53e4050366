/**
 * What each service tier costs at most, as a multiple of the standard rates, in percent. The catalogue knows standard rates
 * only: a dearer tier is charged at the highest multiple that any provider publishes for it, so never too low; a cheaper
 * one (batch, flex) at the standard rates. Exact rates for each tier and model belong here.
 */
const PERCENT: Readonly<Record<string, number>> = {
  standard: 100,
  default: 100,
  auto: 100,
  standard_only: 100,
  on_demand: 100,
  scale: 100,
  batch: 100,
  flex: 100,
  offpeak: 100,
  /** OpenAI bills 1.7 to 2.5 times; at Anthropic it is paid for in advance, and costs no more than standard. */
  priority: 250,
  performance: 250,
  /** Anthropic's fast mode. */
  fast: 600,
  /** Inference kept to the United States, at Anthropic. */
  us: 110,
  /** Tokens of images, at Cohere's embeddings: 0.47 USD a million where texts cost 0.12. */
  images: 400,
  /** Paid for in advance, at Amazon. */
  reserved: 100,
  /** Claude in a region of the client's choice, at Vertex. */
  regional: 110,
};

const UNKNOWN_PERCENT = 250;

/** The multiple for a tier such as `priority` or `fast+us`, in percent; 100 where none is named. */
export function tierPercent(catalogProvider: string | null, tier: string | null | undefined): number {
  if (tier === null || tier === undefined || tier === "") {
    return 100;
  }
  return tier
    .split("+")
    .reduce((product, part) => Math.ceil((product * partPercent(catalogProvider, part)) / 100), 100);
}

function partPercent(catalogProvider: string | null, part: string): number {
  if (part === "priority" && catalogProvider === "anthropic") {
    return 100;
  }
  return Object.hasOwn(PERCENT, part) ? (PERCENT[part] ?? UNKNOWN_PERCENT) : UNKNOWN_PERCENT;
}
