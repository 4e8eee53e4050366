import type { ModelPrice, TieredPrices } from "@pydantic/genai-prices";
import { picoFromUsdPerMTok } from "../money.ts";
import type { Rates } from "../rates.ts";
import { isBilledByTime, timedRates } from "./timedModels.ts";

/** Rates of one model at one time: for ordinary prompts, then for longer ones, each for prompts of more tokens than `above`. */
export interface CatalogRates {
  readonly tiers: ReadonlyArray<{ readonly above: number; readonly rates: Rates }>;
}

type Value = number | Pick<TieredPrices, "base" | "tiers"> | undefined;

/** What our classes hold, and fees that are charged beside them. A model with any other price costs what nobody can tell. */
const KNOWN_PRICES: ReadonlySet<string> = new Set([
  "input_mtok",
  "output_mtok",
  "cache_read_mtok",
  "cache_write_mtok",
  "cache_write_5m_mtok",
  "cache_write_1h_mtok",
  "input_audio_mtok",
  "output_audio_mtok",
  "input_image_mtok",
  "input_video_mtok",
  "output_image_mtok",
  "output_video_mtok",
  "output_reasoning_mtok",
  "output_citation_mtok",
  "cache_audio_read_mtok",
  "cache_image_read_mtok",
  "web_searches_kcount",
  "storage_searches_kcount",
]);

/**
 * Our classes from the published ones. Where a class has no rate of its own it costs what input (or output) costs, never
 * less: no multiples are made up. Null where the model costs something that our classes cannot hold: no rate for tokens,
 * a fee for each request or hour, or sound without a rate of its own. `dearestSearch` is what a search costs where the
 * model's own fee is not listed, in USD a thousand; `makers` are the prices of the model's maker, where another hosts it.
 */
export function ratesFrom(
  price: ModelPrice,
  modelId: string,
  dearestSearch: number,
  makers: ModelPrice | null,
): CatalogRates | null {
  if (isBilledByTime(modelId)) {
    const rates = timedRates(price);
    return rates === null ? null : { tiers: [{ above: 0, rates }] };
  }
  const { input_mtok: input, output_mtok: output } = price;
  const speaksUnpriced = /audio/.test(modelId) && price.input_audio_mtok === undefined;
  if (input === undefined || speaksUnpriced || !Object.keys(price).every((name) => KNOWN_PRICES.has(name))) {
    return null;
  }
  const write5m = price.cache_write_5m_mtok ?? price.cache_write_mtok;
  // Modalities and kinds of output that our classes do not tell apart are charged at the dearest of them.
  const outputs = [
    output,
    price.output_reasoning_mtok,
    price.output_citation_mtok,
    price.output_image_mtok,
    price.output_video_mtok,
  ];
  const inputs = [input, price.input_image_mtok, price.input_video_mtok];
  const webSearchNanoUsd = Math.ceil((searchFee(price) ?? dearestSearch) * 1_000_000);
  const all: Value[] = [...outputs, ...inputs, write5m, price.cache_write_1h_mtok, price.cache_read_mtok];
  return {
    tiers: tierStarts([...all, price.input_audio_mtok, price.output_audio_mtok]).map((above) => {
      const at = (value: Value) => (value === undefined ? undefined : picoFromUsdPerMTok(valueAt(value, above)));
      const most = (values: readonly Value[]) => Math.max(0, ...values.map((value) => at(value) ?? 0));
      const inputRate = most(inputs);
      const outputRate = most(outputs);
      const cacheWrite5m = at(write5m) ?? inputRate;
      return {
        above,
        rates: {
          input: inputRate,
          cachedInput: at(price.cache_read_mtok) ?? inputRate,
          cacheWrite5m,
          cacheWrite1h: at(price.cache_write_1h_mtok) ?? Math.max(inputRate, hourWrite(cacheWrite5m, makers)),
          output: outputRate,
          audioInput: at(price.input_audio_mtok) ?? inputRate,
          audioOutput: at(price.output_audio_mtok) ?? outputRate,
          webSearchNanoUsd,
        },
      };
    }),
  };
}

/** A host that lists one price for cache writes charges as much more for those kept for an hour as the model's maker does. */
function hourWrite(fiveMinutes: number, makers: ModelPrice | null): number {
  const hour = makers?.cache_write_1h_mtok;
  const short = makers?.cache_write_5m_mtok ?? makers?.cache_write_mtok;
  if (hour === undefined || short === undefined || valueAt(short, 0) === 0) {
    return fiveMinutes;
  }
  return Math.ceil((fiveMinutes * picoFromUsdPerMTok(valueAt(hour, 0))) / picoFromUsdPerMTok(valueAt(short, 0)));
}

/** What a search costs by a price, in USD a thousand. */
export function searchFee(price: ModelPrice): number | undefined {
  const fee = price.web_searches_kcount;
  return typeof fee === "number" ? fee : undefined;
}

/** Where prices step, in prompt tokens: 0 first, and a step holds for prompts of more tokens than it says. */
function tierStarts(values: readonly Value[]): number[] {
  const starts = values.flatMap((value) => (typeof value === "object" ? value.tiers.map((tier) => tier.start) : []));
  return [...new Set([0, ...starts])].sort((a, b) => a - b);
}

/** The price for prompts of just more tokens than `above`. */
export function valueAt(value: number | Pick<TieredPrices, "base" | "tiers">, above: number): number {
  if (typeof value === "number") {
    return value;
  }
  let held = { start: -1, price: value.base };
  for (const tier of value.tiers) {
    if (tier.start <= above && tier.start > held.start) {
      held = tier;
    }
  }
  return held.price;
}
