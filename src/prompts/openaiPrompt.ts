import type { ResolvedPrompt, StreamEnd } from "./promptRequest.ts";

/** Servers that check no key still want one to be sent by the client library. */
const NO_KEY = "none";
/** The exchange has its own limits of silence: this one must not come before them. */
const NO_TIMEOUT_MS = 2_147_483_647;

/** Streams one answer of the OpenAI chat API. The SDK is loaded when it is first needed. */
export async function streamOpenai(prompt: ResolvedPrompt, onText: (text: string) => void): Promise<StreamEnd> {
  const { OpenAI } = await import("openai");
  const client = new OpenAI({
    apiKey: prompt.key ?? NO_KEY,
    baseURL: prompt.baseUrl,
    maxRetries: 0,
    timeout: NO_TIMEOUT_MS,
    fetch: prompt.fetch,
    logLevel: "off",
  });
  // OpenAI's newer models know only the newer name of the limit, many compatible servers only the older.
  const limit =
    prompt.provider === "openai"
      ? { max_completion_tokens: prompt.maxOutputTokens }
      : { max_tokens: prompt.maxOutputTokens };
  const system = prompt.system === undefined ? [] : [{ role: "system" as const, content: prompt.system }];
  const messages = prompt.messages.map(({ role, text }) => ({ role, content: text }));
  const stream = await client.chat.completions.create(
    { model: prompt.model, messages: [...system, ...messages], ...limit, stream: true },
    { headers: { ...prompt.headers }, signal: prompt.signal },
  );
  let stopReason: string | null = null;
  let events = 0;
  for await (const chunk of stream) {
    events += 1;
    const choice = chunk.choices?.[0];
    const text = choice?.delta?.content ?? choice?.delta?.refusal;
    if (typeof text === "string" && text !== "") {
      onText(text);
    }
    stopReason = choice?.finish_reason ?? stopReason;
  }
  return { stopReason, events };
}
