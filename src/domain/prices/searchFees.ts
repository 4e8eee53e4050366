interface SearchFee {
  readonly provider: string;
  readonly model: RegExp;
  readonly usdPerThousand: number;
  /** It says nothing of the provider's other models. */
  readonly alone?: boolean;
}

/** Models before Gemini 3, whose searches are billed by the prompt, however many queries it takes. */
const BEFORE_GEMINI_3 = /gemini-([12]|flash-1|pro-1|pro$)/;

/** Whether a search costs the same however many queries it takes. */
export function billsSearchByPrompt(model: string): boolean {
  return BEFORE_GEMINI_3.test(model.toLowerCase());
}

/**
 * What searches cost where the catalogue has no word of it, by the price pages of Google and OpenAI of autumn 2026. What a
 * free tier gives away is not taken off, since nobody here knows how much of it is left.
 */
const FEES: readonly SearchFee[] = [
  { provider: "google", model: /claude/, usdPerThousand: 10 },
  { provider: "google", model: BEFORE_GEMINI_3, usdPerThousand: 35 },
  { provider: "google", model: /gemini/, usdPerThousand: 14 },
  // Chat models that search by themselves: the search's own text is not billed.
  { provider: "openai", model: /gpt-4o.*-search-preview/, usdPerThousand: 25, alone: true },
];

/** USD for a thousand searches with a model; null where that is for the catalogue to say. */
export function searchFeeOf(provider: string, model: string): number | null {
  return FEES.find((fee) => fee.provider === provider && fee.model.test(model))?.usdPerThousand ?? null;
}

/** What a thousand searches at a provider cost at most, in USD, by this list; 0 where it names none. */
export function dearestSearchFee(provider: string): number {
  return Math.max(
    0,
    ...FEES.filter((fee) => fee.provider === provider && fee.alone !== true).map((fee) => fee.usdPerThousand),
  );
}
