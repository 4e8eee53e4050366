import type { Provider } from "../config.ts";

type Family = Provider["protocol"];

interface FreeRoute {
  readonly method: string;
  /** Matched against the path below the provider's base, whatever version stands before it. */
  readonly path: RegExp;
}

const MODELS: readonly FreeRoute[] = [
  { method: "GET", path: /^(\/v\d+)?\/models\/?$/ },
  { method: "GET", path: /^(\/v\d+)?\/models\/[^?]+$/ },
];

/** A route of AI Studio's or Vertex's, and what stands below it. */
function googleRoute(name: string): RegExp {
  return new RegExp(
    `^(/upload)?(/v\\d\\w*)?(/projects/[^/]+)?(/locations/[^/]+)?(/publishers/[^/]+)?/${name}(/[^:]*)?$`,
  );
}

/** What is kept of responses and conversations, and the count of a prompt's tokens. */
const RESPONSES: readonly FreeRoute[] = [
  { method: "POST", path: /^(\/openai)?(\/v\d+)?\/responses\/input_tokens\/?$/ },
  { method: "GET", path: /^(\/openai)?(\/v\d+)?\/responses\/[^/]+\/input_items\/?$/ },
  { method: "DELETE", path: /^(\/openai)?(\/v\d+)?\/responses\/[^/]+\/?$/ },
  ...["GET", "POST", "DELETE"].map((method) => ({
    method,
    path: /^(\/openai)?(\/v\d+)?\/conversations(\/[^/]+(\/items(\/[^/]+)?)?)?\/?$/,
  })),
];

/** Files are kept without charge; what a batch of requests in one of them costs, the batch and its results tell. */
const FILES: readonly FreeRoute[] = [
  { method: "POST", path: /^(\/openai)?(\/v\d+)?\/(files|uploads|uploads\/[^/]+\/(parts|complete|cancel))\/?$/ },
  { method: "DELETE", path: /^(\/openai)?(\/v\d+)?\/files\/[^/]+\/?$/ },
];

/** Chats that OpenAI keeps where that is asked for. */
const STORED_CHATS: readonly FreeRoute[] = ["POST", "DELETE"].map((method) => ({
  method,
  path: /^(\/openai)?(\/v\d+)?\/chat\/completions\/chatcmpl[-_][^/]+\/?$/,
}));

/** Routes that providers answer without charge. */
const FREE_ROUTES: Readonly<Record<Family, readonly FreeRoute[]>> = {
  openai: [...MODELS, ...RESPONSES, ...STORED_CHATS, ...FILES, { method: "POST", path: /^(\/v\d+)?\/moderations\/?$/ }],
  anthropic: [
    ...MODELS,
    { method: "POST", path: /^(\/v\d+)?\/messages\/count_tokens\/?$/ },
    { method: "GET", path: /^(\/v\d+)?\/files(\/[^/]+(\/content)?)?\/?$/ },
    { method: "POST", path: /^(\/v\d+)?\/files\/?$/ },
    { method: "DELETE", path: /^(\/v\d+)?\/files\/[^/]+\/?$/ },
  ],
  // Files and lists cost nothing. A cache is billed by the hour, and documents that are put into a store by the token.
  google: [
    {
      method: "GET",
      path: googleRoute("(models|tunedModels|files|cachedContents|batches|operations|fileSearchStores)"),
    },
    { method: "POST", path: googleRoute("(models|endpoints)/[^/]+:(countTokens|computeTokens)") },
    { method: "POST", path: googleRoute("(files|fileSearchStores|batches/[^/]+:cancel)") },
    { method: "DELETE", path: googleRoute("(tunedModels|files|cachedContents|batches|fileSearchStores)") },
  ],
  // Models are fetched, kept and removed without charge.
  ollama: [
    ...MODELS,
    { method: "GET", path: /^(\/api)?(\/(tags|ps|version)?)?\/?$/ },
    { method: "HEAD", path: /^(\/api)?(\/(tags|version|blobs\/[^/]+)?)?\/?$/ },
    { method: "POST", path: /^(\/api)?\/(show|pull|push|create|copy|blobs\/[^/]+)\/?$/ },
    { method: "DELETE", path: /^(\/api)?\/delete\/?$/ },
  ],
  cohere: [...MODELS, { method: "POST", path: /^(\/v\d+)?\/(tokenize|detokenize|check-api-key)\/?$/ }],
  bedrock: [{ method: "POST", path: /^\/model\/[^/]+\/count-tokens\/?$/ }],
};

export function isFreeRoute(family: Family, method: string, path: string): boolean {
  return FREE_ROUTES[family].some((route) => route.method === method && route.path.test(path));
}
