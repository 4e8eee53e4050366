import { z } from "zod";
import type { Provider } from "../domain/config.ts";
import type { ServedModel } from "../domain/models/registry.ts";
import { readBody } from "./gateway/body.ts";
import { headersOf, type Link, type Links } from "./links.ts";
import { askOwn } from "./proxies.ts";

/** How long, in ms, a server may take to list its models, and how long what it said is taken as true. */
const LIMIT_MS = 1_000;
const FRESH_MS = 15_000;
const LARGEST_LIST = 4 * 1024 * 1024;

/** vLLM, OpenRouter and Groq each have a name of their own for the context window. */
const window = z.int().min(1).nullish().catch(null);
const cardSchema = z.object({ id: z.string(), max_model_len: window, context_length: window, context_window: window });
const listSchema = z.object({ data: z.array(cardSchema) });

interface Remembered {
  readonly at: number;
  readonly models: readonly ServedModel[];
}

/** What servers say they serve (`GET <base>/models`): those that tell it without a key. */
export class ModelLists {
  readonly #now: () => number;
  readonly #links: Links;
  readonly #remembered = new Map<string, Remembered>();

  constructor(now: () => number, links: Links) {
    this.#now = now;
    this.#links = links;
  }

  /** Empty where the server does not answer, or not without a key. Never throws. */
  async of(name: string, provider: Provider): Promise<readonly ServedModel[]> {
    const { protocol, baseUrl } = provider;
    const known = this.#remembered.get(baseUrl);
    const now = this.#now();
    if (known !== undefined && now - known.at < FRESH_MS && now >= known.at) {
      return known.models;
    }
    const base = baseUrl.replace(/\/+$/, "");
    // Ollama keeps OpenAI's routes below a version of its own.
    const url = `${base}${protocol === "ollama" && !/\/v1$/.test(base) ? "/v1" : ""}/models`;
    const models = await askForModels(url, () => this.#links.of(name, provider));
    this.#remembered.set(baseUrl, { at: now, models });
    return models;
  }
}

async function askForModels(url: string, linkOf: () => Link | null): Promise<ServedModel[]> {
  try {
    const link = linkOf();
    const signal = AbortSignal.timeout(LIMIT_MS);
    const response = await askOwn(new URL(url), { signal, headers: headersOf(link), tls: link?.tls });
    const body = await readBody(response, LARGEST_LIST);
    return listSchema.parse(JSON.parse(body.toString("utf8"))).data.map((card) => ({
      id: card.id,
      contextWindowTokens: card.max_model_len ?? card.context_length ?? card.context_window ?? null,
    }));
  } catch {
    return [];
  }
}
