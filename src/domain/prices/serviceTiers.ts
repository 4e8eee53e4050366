import type { Rates } from "../rates.ts";

/** A factor as a fraction of whole numbers, so that rates stay exact: five thirds is [5, 3]. */
export type Factor = readonly [times: number, by: number];

/** What a service tier costs, measured by the standard rates. */
export interface TierMultiple {
  readonly factor: Factor;
  /** For cached reads, which some discounts do not reach. */
  readonly cachedFactor: Factor;
  /** Whether the provider publishes it; else it is the most that is charged for such a tier anywhere. */
  readonly isPublished: boolean;
}

interface Line {
  readonly provider: string;
  /** Absent: every model. */
  readonly model?: RegExp;
  readonly tiers: Readonly<Record<string, Factor>>;
  /** Tiers whose discount leaves cached reads as they are. */
  readonly cachedAsUsual?: readonly string[];
}

const SAME: Factor = [1, 1];
const HALF: Factor = [1, 2];
const DOUBLE: Factor = [2, 1];
const TENTH_MORE: Factor = [11, 10];
const SIX: Factor = [6, 1];

/**
 * Published multiples by the catalogue's provider and the model; the first line that names the tier holds. Read in autumn
 * 2026 from: OpenAI's page on Fast mode (Priority processing until July 2026), its guide to Ultrafast and its price list,
 * which has Batch and Flex at half of every rate; Anthropic's price list with its pages on fast mode, batches and data
 * residency; Google's page on the tiers and batches of the Gemini API; Groq's pages on its tiers and batches; the price
 * lists of xAI, Mistral and Cohere.
 */
const LINES: readonly Line[] = [
  { provider: "openai", model: /^gpt-5\.5(-20[\d-]+)?$/, tiers: { fast: [5, 2] } },
  {
    provider: "openai",
    model:
      /^gpt-(6-(astra|sol|luna)|6\.1-sol|5\.6(-sol|-terra|-luna)?|5\.4(-mini)?|5\.2|5\.1(-codex)?|5(-codex)?)(-20[\d-]+)?$/,
    tiers: { fast: DOUBLE },
  },
  { provider: "openai", model: /^gpt-5-mini(-20[\d-]+)?$/, tiers: { fast: [9, 5] } },
  { provider: "openai", model: /^gpt-4\.1-nano(-20[\d-]+)?$/, tiers: { fast: DOUBLE } },
  { provider: "openai", model: /^(gpt-4\.1(-mini)?|o3)(-20[\d-]+)?$|^gpt-4o-2024-05-13$/, tiers: { fast: [7, 4] } },
  { provider: "openai", model: /^gpt-4o-mini(-20[\d-]+)?$/, tiers: { fast: [5, 3] } },
  { provider: "openai", model: /^o4-mini(-20[\d-]+)?$/, tiers: { fast: [20, 11] } },
  { provider: "openai", model: /^gpt-4o(-20[\d-]+)?$/, tiers: { fast: [17, 10] } },
  { provider: "openai", model: /^gpt-6-astra(-20[\d-]+)?$/, tiers: { ultrafast: SIX } },
  { provider: "openai", tiers: { batch: HALF, flex: HALF, scale: SAME } },
  { provider: "anthropic", model: /opus-4[-.][67]/, tiers: { fast: SIX } },
  { provider: "anthropic", model: /opus-(4[-.]8|5)/, tiers: { fast: DOUBLE } },
  // Anthropic's priority is capacity paid for in advance. `us` is inference kept to the United States.
  { provider: "anthropic", tiers: { batch: HALF, priority: SAME, us: TENTH_MORE } },
  { provider: "google", tiers: { batch: HALF, flex: HALF }, cachedAsUsual: ["batch", "flex"] },
  // The catalogue has the dearest of its rates, for films at 12 USD a million; texts cost 0.20.
  { provider: "google", model: /^gemini-embedding-2/, tiers: { text: [1, 60] } },
  // Claude in a region of the client's choice, at Vertex.
  { provider: "google", model: /claude/, tiers: { regional: TENTH_MORE } },
  // Flex has higher limits at the same price; performance is capacity paid for in advance.
  { provider: "groq", tiers: { batch: HALF, flex: SAME, performance: SAME }, cachedAsUsual: ["batch"] },
  { provider: "mistral", tiers: { batch: HALF } },
  // Batches are 20 to 50 percent cheaper, by the model.
  { provider: "x-ai", tiers: { batch: [4, 5] }, cachedAsUsual: ["batch"] },
  // Paid for in advance.
  { provider: "aws", tiers: { reserved: SAME } },
  // Tokens of images in embeddings: 0.47 USD a million where texts cost 0.12.
  { provider: "cohere", tiers: { images: [47, 12] } },
];

/** Names of the usual tier, and of cheaper or prepaid ones whose price nobody has published. */
const USUAL: ReadonlySet<string> = new Set([
  "standard",
  "default",
  "auto",
  "standard_only",
  "on_demand",
  "scale",
  "batch",
  "flex",
  "offpeak",
  "text",
  "reserved",
]);

/** Where a provider publishes how dear a tier can get: Google's priority is 75 to 100 percent dearer, by the model. */
const AT_MOST: Readonly<Record<string, Readonly<Record<string, Factor>>>> = { google: { priority: DOUBLE } };

/** The highest multiple that any provider publishes for a tier of another name than `fast` or `ultrafast`. */
const HIGHEST: Factor = [5, 2];

const USUAL_MULTIPLE: TierMultiple = Object.freeze({ factor: SAME, cachedFactor: SAME, isPublished: true });

/** The multiple for a tier such as `priority` or `fast+us`, at a provider that the catalogue names. */
export function tierMultiple(provider: string | null, model: string, tier: string | null | undefined): TierMultiple {
  if (tier === null || tier === undefined || tier === "") {
    return USUAL_MULTIPLE;
  }
  return tier
    .split("+")
    .map((part) => partMultiple(provider, model.toLowerCase(), part))
    .reduce((product, { factor, cachedFactor, isPublished }) => ({
      factor: timesFactor(product.factor, factor),
      cachedFactor: timesFactor(product.cachedFactor, cachedFactor),
      isPublished: product.isPublished && isPublished,
    }));
}

function partMultiple(provider: string | null, model: string, part: string): TierMultiple {
  // OpenAI has two names for one tier.
  const name = provider === "openai" && part === "priority" ? "fast" : part;
  const line = LINES.find(
    (one) => one.provider === provider && own(one.tiers, name) !== undefined && one.model?.test(model) !== false,
  );
  const factor = line === undefined ? undefined : own(line.tiers, name);
  if (line !== undefined && factor !== undefined) {
    return { factor, cachedFactor: line.cachedAsUsual?.includes(name) ? SAME : factor, isPublished: true };
  }
  if (USUAL.has(part)) {
    return USUAL_MULTIPLE;
  }
  const highest = mostFor(provider, name);
  return { factor: highest, cachedFactor: highest, isPublished: false };
}

/** What a tier costs at most: where its provider says so, else where it names others of that name, else as anywhere. */
function mostFor(provider: string | null, name: string): Factor {
  const limit = own(own(AT_MOST, provider ?? "") ?? {}, name);
  if (limit !== undefined) {
    return limit;
  }
  const named = LINES.flatMap((line) => {
    const factor = own(line.tiers, name);
    return factor === undefined || factor[0] <= factor[1] ? [] : [{ provider: line.provider, factor }];
  });
  const here = named.filter((one) => one.provider === provider);
  const [first = HIGHEST, ...rest] = (here.length > 0 ? here : named).map(({ factor }) => factor);
  return rest.reduce(dearer, first);
}

/** The same, but never below the standard rates: what a call is held at that may not get the cheaper tier it asked for. */
export function heldMultiple({ factor, cachedFactor, isPublished }: TierMultiple): TierMultiple {
  return { factor: dearer(SAME, factor), cachedFactor: dearer(SAME, cachedFactor), isPublished };
}

/** Rates in a tier, in whole pico-USD rounded up. Search fees are the same in every tier. */
export function ratesInTier(rates: Rates, { factor, cachedFactor }: TierMultiple): Rates {
  if (factor === SAME && cachedFactor === SAME) {
    return rates;
  }
  const scaled = (rate: number, [times, by]: Factor = factor) => Math.ceil((rate * times) / by);
  return {
    input: scaled(rates.input),
    cachedInput: scaled(rates.cachedInput, cachedFactor),
    cacheWrite5m: scaled(rates.cacheWrite5m),
    cacheWrite1h: scaled(rates.cacheWrite1h),
    output: scaled(rates.output),
    audioInput: scaled(rates.audioInput),
    audioOutput: scaled(rates.audioOutput),
    webSearchNanoUsd: rates.webSearchNanoUsd,
  };
}

/** A tier for people, beside the edition of the prices: `fast at 2×`, `fast at most 6×`; null where it costs the usual. */
export function tierInWords(tier: string | null | undefined, { factor, isPublished }: TierMultiple): string | null {
  if (tier === null || tier === undefined || factor === SAME) {
    return null;
  }
  const times = Number((factor[0] / factor[1]).toFixed(2));
  return times === 1 ? null : `${tier} at ${isPublished ? "" : "most "}${times}×`;
}

/** Tiers are named by clients: what every object inherits is no tier. */
function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function timesFactor(a: Factor, b: Factor): Factor {
  return [a[0] * b[0], a[1] * b[1]];
}

/** The greater; of equals the first. */
function dearer(a: Factor, b: Factor): Factor {
  return a[0] * b[1] >= b[0] * a[1] ? a : b;
}
