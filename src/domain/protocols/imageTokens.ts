/** How a picture is asked for; null where the request leaves it to the model. */
export interface PictureWanted {
  readonly size: string | null;
  readonly quality: string | null;
}

/**
 * Output tokens of one picture of GPT Image 1 to 1.5, by quality and shape, as OpenAI's image guide lists them under
 * "Calculating costs": for 1024×1024, 1024×1536 and 1536×1024.
 */
const LISTED: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  low: { "1024x1024": 272, "1024x1536": 408, "1536x1024": 400 },
  medium: { "1024x1024": 1_056, "1024x1536": 1_584, "1536x1024": 1_568 },
  high: { "1024x1024": 4_160, "1024x1536": 6_240, "1536x1024": 6_208 },
};

/**
 * GPT Image 2 and later take any size. Their tokens, by the calculator in OpenAI's guide: a grid of so many cells along the
 * longer edge, by quality, times (2 million + pixels) / 4 million. The two highest qualities have no published grid: each
 * edge is taken to be twice as fine as in `high`, which makes four times the tokens.
 */
const GRID: Readonly<Record<string, number>> = { low: 16, medium: 48, high: 96, xhigh: 192, max: 192 };
const AREA_OFFSET = 2_000_000;
const AREA_DIVISOR = 4_000_000;
/** No picture is larger, in pixels; the square one takes the most tokens. */
const MOST_PIXELS = 8_294_400;
const LARGEST_SQUARE = 2_880;

/** Each partial picture of a stream costs so many tokens on top, by the guide. */
export const PARTIAL_IMAGE_TOKENS = 100;
/** What models after the first write before they draw; they report it among the output. */
const PLANNING_TOKENS = 2_000;

/** The first models, which draw three sizes and nothing else. */
const FIRST_MODELS = /gpt-image-1(?!\d)/i;

/** The most output tokens that one picture takes, partial pictures left out. Models that are not known count as the newest. */
export function pictureTokens(model: string, { size, quality }: PictureWanted): number {
  if (FIRST_MODELS.test(model)) {
    const bySize = LISTED[quality ?? ""] ?? (LISTED.high as Readonly<Record<string, number>>);
    const planned = /gpt-image-1(-mini)?$/i.test(model) ? 0 : PLANNING_TOKENS;
    return (bySize[size ?? ""] ?? Math.max(...Object.values(bySize))) + planned;
  }
  const finest = /gpt-image-2(?![.\d])/i.test(model) ? (GRID.high as number) : (GRID.max as number);
  const cells = Object.hasOwn(GRID, quality ?? "") ? (GRID[quality ?? ""] as number) : finest;
  const [width, height] = edgesOf(size);
  const across = Math.ceil((cells * Math.min(width, height)) / Math.max(width, height));
  return Math.ceil((cells * across * (AREA_OFFSET + width * height)) / AREA_DIVISOR) + PLANNING_TOKENS;
}

/** `1536x864`; the largest there is where the request names none that can be. */
function edgesOf(size: string | null): readonly [number, number] {
  const [, width = "0", height = "0"] = /^(\d{2,5})x(\d{2,5})$/.exec(size ?? "") ?? [];
  const pixels = Number(width) * Number(height);
  return pixels === 0 || pixels > MOST_PIXELS ? [LARGEST_SQUARE, LARGEST_SQUARE] : [Number(width), Number(height)];
}

/**
 * The most input tokens of one picture to be edited. The first models: 65 and 129 for each of at most four tiles, and 6,240
 * more where high fidelity is asked for; later ones always keep high fidelity, of any size.
 */
export function editedPictureTokens(model: string, fidelity: string | null): number {
  if (!FIRST_MODELS.test(model)) {
    return 16_640;
  }
  return fidelity === null || fidelity === "low" ? 600 : 6_900;
}
