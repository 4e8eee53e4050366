import { get as httpGet, type IncomingMessage } from "node:http";
import { get as httpsGet } from "node:https";
import { z } from "zod";
import { readBody } from "./gateway/body.ts";

/** How long, in ms, a server may take to list its models, and how long what it said is taken as true. */
const LIMIT_MS = 1_000;
const FRESH_MS = 15_000;
const LARGEST_LIST = 4 * 1024 * 1024;

const listSchema = z.object({ data: z.array(z.object({ id: z.string() })) });

interface Remembered {
  readonly at: number;
  readonly models: readonly string[];
}

/** What self-hosted servers say they serve (`GET <base>/models`), for providers of which no price list knows any model. */
export class ModelLists {
  readonly #now: () => number;
  readonly #remembered = new Map<string, Remembered>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Empty where the server does not answer, or not without a key. Never throws. */
  async of(baseUrl: string): Promise<readonly string[]> {
    const known = this.#remembered.get(baseUrl);
    const now = this.#now();
    if (known !== undefined && now - known.at < FRESH_MS && now >= known.at) {
      return known.models;
    }
    const models = await askForModels(baseUrl);
    this.#remembered.set(baseUrl, { at: now, models });
    return models;
  }
}

async function askForModels(baseUrl: string): Promise<string[]> {
  const get = baseUrl.startsWith("https:") ? httpsGet : httpGet;
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { agent: false, signal: AbortSignal.timeout(LIMIT_MS) };
      get(`${baseUrl.replace(/\/+$/, "")}/models`, options, resolve).on("error", reject);
    });
    const body = await readBody(response, LARGEST_LIST);
    return listSchema.parse(JSON.parse(body.toString("utf8"))).data.map(({ id }) => id);
  } catch {
    return [];
  }
}
