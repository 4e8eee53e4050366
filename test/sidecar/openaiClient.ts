import OpenAI from "openai";
import type { RunningSidecar } from "./runSidecar.ts";

/** OpenAI's own client, through a sidecar. It does not try again by itself. */
export async function clientOf(sidecar: RunningSidecar): Promise<OpenAI> {
  return new OpenAI({ baseURL: (await sidecar.urls()).openai, apiKey: "sk-x", maxRetries: 0 });
}
