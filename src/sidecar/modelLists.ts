import { get as httpGet, type IncomingMessage } from "node:http";
import { get as httpsGet } from "node:https";
import { z } from "zod";
import type { Provider } from "../domain/config.ts";
import type { ServedModel } from "../domain/models/registry.ts";
import { readBody } from "./gateway/body.ts";

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
  readonly #remembered = new Map<string, Remembered>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Empty where the server does not answer, or not without a key. Never throws. */
  async of({ protocol, baseUrl }: Provider): Promise<readonly ServedModel[]> {
    const known = this.#remembered.get(baseUrl);
    const now = this.#now();
    if (known !== undefined && now - known.at < FRESH_MS && now >= known.at) {
      return known.models;
    }
    const base = baseUrl.replace(/\/+$/, "");
    // Ollama keeps OpenAI's routes below a version of its own.
    const models = await askForModels(`${base}${protocol === "ollama" && !/\/v1$/.test(base) ? "/v1" : ""}/models`);
    this.#remembered.set(baseUrl, { at: now, models });
    return models;
  }
}

async function askForModels(url: string): Promise<ServedModel[]> {
  const get = url.startsWith("https:") ? httpsGet : httpGet;
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { agent: false, signal: AbortSignal.timeout(LIMIT_MS) };
      get(url, options, resolve).on("error", reject);
    });
    const body = await readBody(response, LARGEST_LIST);
    return listSchema.parse(JSON.parse(body.toString("utf8"))).data.map((card) => ({
      id: card.id,
      contextWindowTokens: card.max_model_len ?? card.context_length ?? card.context_window ?? null,
    }));
  } catch {
    return [];
  }
}
