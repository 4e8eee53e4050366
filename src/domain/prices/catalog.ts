import {
  calcPrice,
  findProvider,
  type ModelPrice,
  type ModelInfo as PublishedModel,
  type Provider as PublishedProvider,
  type TieredPrices,
} from "@pydantic/genai-prices";
import { picoFromUsdPerMTok } from "../money.ts";
import type { Rates } from "../rates.ts";

/** The edition of the published prices that calls are priced by; a test holds it against the installed package. */
export const CATALOG_VERSION = "genai-prices-0.1.8";

/** Rates of one model at one time: for ordinary prompts, then for longer ones, each for prompts of more tokens than `above`. */
export interface CatalogRates {
  readonly tiers: ReadonlyArray<{ readonly above: number; readonly rates: Rates }>;
}

/**
 * The catalogue's name for a provider: by the host that is called, for that host sends the bill; else by the name that the
 * user gave it, if that is exactly the catalogue's. Null where neither is known.
 */
export function catalogProviderOf(name: string, baseUrl: string): string | null {
  const byHost = findProvider({ providerApiUrl: baseUrl });
  if (byHost !== undefined) {
    return byHost.id;
  }
  if (OTHER_BEDROCK.test(baseUrl)) {
    return "aws";
  }
  const byName = findProvider({ providerId: name });
  const given = name.toLowerCase();
  if (given === "bedrock") {
    return "aws";
  }
  const alias = byName?.provider_match;
  const isExact = byName?.id === given || (alias !== undefined && "equals" in alias && alias.equals === given);
  return byName !== undefined && isExact ? byName.id : null;
}

/** Bedrock's addresses beside the usual ones: for government clouds, for private links, for both IP versions. */
const OTHER_BEDROCK =
  /^https:\/\/([^/?#]+\.)?bedrock-runtime(-fips)?\.[a-z0-9-]+\.(vpce\.)?(amazonaws\.com|api\.aws)(:443)?(\/|$)/i;

/** A model's rates at a time (ms since the epoch), and how long they hold: `dated` ones may be others a minute later. */
export function publishedRates(
  providerId: string,
  model: string,
  atMs: number,
): { readonly rates: CatalogRates; readonly dated: boolean } | null {
  const found = published(providerId, model, atMs);
  const hourWrites = found === null ? null : makersHourWrites(found.price, found.model.id, atMs);
  const rates = found === null ? null : ratesOf(found.price, found.provider, found.model.id, hourWrites);
  return found === null || rates === null ? null : { rates, dated: Array.isArray(found.model.prices) };
}

/** Tokens that prompt and answer can have together, where the catalogue says. */
export function contextWindowOf(providerId: string, model: string): number | null {
  return published(providerId, model, 0)?.model.context_window ?? null;
}

/** Models that take and give text and are not withdrawn, as the catalogue names them: the newest first, by their numbers. */
export function chatModelsOf(providerId: string): string[] {
  const models = findProvider({ providerId })?.models ?? [];
  return models
    .filter((model) => model.deprecated !== true && isChat(model))
    .map((model) => model.id)
    .toSorted((a, b) => versionOf(b) - versionOf(a) || a.localeCompare(b));
}

/** The version in a model's name: 5.4 in `gpt-5.4-mini`, 4.5 in `claude-haiku-4-5`; 0 where there is none. Sizes (`20b`, `32k`) are none. */
function versionOf(model: string): number {
  const [, whole = "0", part = "0"] = /(?<![\d.])(\d{1,2})(?![\dbk])(?:[.-](\d{1,2})(?![\dbk]))?/.exec(model) ?? [];
  return Number(whole) + Number(part) / 100;
}

const NOT_CHAT =
  /embed|whisper|tts|transcri|realtime|image|moderation|audio|voice|rerank|ocr|^(ada|babbage|curie|davinci)$|davinci|instruct$|computer-use|:extended|^ft:|\.ft-/;

function isChat(model: PublishedModel): boolean {
  const [first] = Array.isArray(model.prices) ? model.prices.map(({ prices }) => prices) : [model.prices];
  return first?.input_mtok !== undefined && first.output_mtok !== undefined && !NOT_CHAT.test(model.id);
}

function published(
  providerId: string,
  model: string,
  atMs: number,
): { readonly price: ModelPrice; readonly model: PublishedModel; readonly provider: PublishedProvider } | null {
  if (model === "") {
    return null;
  }
  try {
    const found = calcPrice({}, model, { providerId, timestamp: new Date(atMs) });
    return found === null ? null : { price: found.model_price, model: found.model, provider: found.provider };
  } catch {
    return null;
  }
}

type Value = number | TieredPrices | undefined;

/**
 * Our classes from the published ones. Where a class has no rate of its own it costs what input (or output) costs, never
 * less: no multiples are made up. Null where the model costs something that our classes cannot hold: no rate for tokens,
 * a fee for each request, or sound without a rate of its own.
 */
function ratesOf(
  price: ModelPrice,
  provider: PublishedProvider,
  modelId: string,
  hourWrites: HourWrites | null,
): CatalogRates | null {
  const { input_mtok: input, output_mtok: output } = price;
  const speaksUnpriced = /audio/.test(modelId) && price.input_audio_mtok === undefined;
  if (input === undefined || price.requests_kcount !== undefined || speaksUnpriced) {
    return null;
  }
  const write5m = price.cache_write_5m_mtok ?? price.cache_write_mtok;
  // Modalities and kinds of output that our classes do not tell apart are charged at the dearest of them.
  const outputs = [output, price.output_reasoning_mtok, price.output_citation_mtok, price.output_image_mtok];
  const inputs = [input, price.input_image_mtok, price.input_video_mtok];
  const webSearchNanoUsd = Math.ceil((kcountOf(price) ?? dearestSearch(provider)) * 1_000_000);
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
          cacheWrite1h: at(price.cache_write_1h_mtok) ?? Math.max(inputRate, hourWrite(cacheWrite5m, hourWrites)),
          output: outputRate,
          audioInput: at(price.input_audio_mtok) ?? inputRate,
          audioOutput: at(price.output_audio_mtok) ?? outputRate,
          webSearchNanoUsd,
        },
      };
    }),
  };
}

/** What the maker of a model charges for writes that are kept for an hour, and for 5 minutes, in pico-USD a token. */
interface HourWrites {
  readonly hour: number;
  readonly fiveMinutes: number;
}

/** For Claude with a host that lists one price for writes: Anthropic's own two. Null where they are not needed, or not known. */
function makersHourWrites(price: ModelPrice, modelId: string, atMs: number): HourWrites | null {
  const claude = /claude-.*$/.exec(modelId)?.[0].replace(/-v\d+(:\d+)?$/, "");
  if (claude === undefined || price.cache_write_1h_mtok !== undefined) {
    return null;
  }
  const own = published("anthropic", claude, atMs)?.price;
  const [hour, fiveMinutes] = [own?.cache_write_1h_mtok, own?.cache_write_5m_mtok ?? own?.cache_write_mtok];
  return hour === undefined || fiveMinutes === undefined
    ? null
    : { hour: picoFromUsdPerMTok(valueAt(hour, 0)), fiveMinutes: picoFromUsdPerMTok(valueAt(fiveMinutes, 0)) };
}

/** Hosts that charge their own rate for 5 minutes charge as much more for the hour as the maker does. */
function hourWrite(fiveMinutes: number, makers: HourWrites | null): number {
  return makers === null || makers.fiveMinutes === 0
    ? fiveMinutes
    : Math.ceil((fiveMinutes * makers.hour) / makers.fiveMinutes);
}

/** Where prices step, in prompt tokens: 0 first, and a step holds for prompts of more tokens than it says. */
function tierStarts(values: readonly Value[]): number[] {
  const starts = values.flatMap((value) => (typeof value === "object" ? value.tiers.map((tier) => tier.start) : []));
  return [...new Set([0, ...starts])].sort((a, b) => a - b);
}

function valueAt(value: number | TieredPrices, above: number): number {
  if (typeof value === "number") {
    return value;
  }
  return value.tiers.reduce((price, tier) => (tier.start <= above ? tier.price : price), value.base);
}

function kcountOf(price: ModelPrice): number | undefined {
  const fee = price.web_searches_kcount;
  return typeof fee === "number" ? fee : undefined;
}

const dearestSearches = new Map<string, number>();

/** What the provider's other models charge for a search at most, for a model whose fee is not listed. USD a thousand. */
function dearestSearch(provider: PublishedProvider): number {
  let dearest = dearestSearches.get(provider.id);
  if (dearest === undefined) {
    const prices = provider.models.flatMap((model) =>
      Array.isArray(model.prices) ? model.prices.map((dated) => dated.prices) : [model.prices],
    );
    dearest = Math.max(0, ...prices.map((price) => kcountOf(price) ?? 0));
    dearestSearches.set(provider.id, dearest);
  }
  return dearest;
}

/** What a search costs at most at a provider, in nano-USD. */
export function dearestSearchNanoUsd(providerId: string): number {
  const provider = findProvider({ providerId });
  return provider === undefined ? 0 : Math.ceil(dearestSearch(provider) * 1_000_000);
}
