import { findProvider } from "@pydantic/genai-prices";
import { Catalog } from "./catalog.ts";

/** The edition of the published prices that comes with Tollgate, and its day; tests hold them against the installed package. */
export const CATALOG_VERSION = "genai-prices-0.1.8";
export const CATALOG_DATE = "2026-09-23";

/** The package tells a provider by its name only: these are all of its names. */
export const BUILT_IN_PROVIDERS: readonly string[] = [
  "anthropic",
  "arcee",
  "avian",
  "aws",
  "azure",
  "baseten",
  "cerebras",
  "cloudflare",
  "cohere",
  "cursor",
  "deepseek",
  "doubleword",
  "fireworks",
  "github-copilot",
  "google",
  "groq",
  "huggingface_cerebras",
  "huggingface_fireworks-ai",
  "huggingface_groq",
  "huggingface_hyperbolic",
  "huggingface_nebius",
  "huggingface_novita",
  "huggingface_nscale",
  "huggingface_ovhcloud",
  "huggingface_publicai",
  "huggingface_sambanova",
  "huggingface_together",
  "minimax",
  "mistral",
  "modal",
  "moonshotai",
  "novita",
  "openai",
  "openrouter",
  "ovhcloud",
  "perplexity",
  "quicksilverpro",
  "together",
  "typesafe",
  "voyageai",
  "x-ai",
  "zai",
  "zhipuai",
];

let builtIn: Catalog | undefined;

/** The prices that come with Tollgate: there whatever happens to any other copy. */
export function builtInCatalog(): Catalog {
  builtIn ??= new Catalog(
    CATALOG_VERSION,
    BUILT_IN_PROVIDERS.flatMap((providerId) => findProvider({ providerId }) ?? []),
  );
  return builtIn;
}
