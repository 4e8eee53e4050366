import type { ResolvedPrompt, StreamEnd } from "./promptRequest.ts";

/** The exchange has its own limits of silence: this one must not come before them. */
const NO_TIMEOUT_MS = 2_147_483_647;

/** Streams one answer of the Anthropic messages API. The SDK is loaded when it is first needed. */
export async function streamAnthropic(prompt: ResolvedPrompt, onText: (text: string) => void): Promise<StreamEnd> {
  const { Anthropic } = await import("@anthropic-ai/sdk");
  const client = new Anthropic({
    apiKey: prompt.key,
    authToken: null,
    // The SDK appends /v1 itself.
    baseURL: prompt.baseUrl.replace(/\/v1\/?$/, ""),
    maxRetries: 0,
    timeout: NO_TIMEOUT_MS,
    fetch: prompt.fetch,
    logLevel: "off",
  });
  const stream = await client.messages.create(
    {
      model: prompt.model,
      max_tokens: prompt.maxOutputTokens,
      ...(prompt.system === undefined ? {} : { system: prompt.system }),
      messages: prompt.messages.map(({ role, text }) => ({ role, content: text })),
      stream: true,
    },
    { headers: { ...prompt.headers }, signal: prompt.signal },
  );
  let stopReason: string | null = null;
  let ended = false;
  let events = 0;
  for await (const event of stream) {
    events += 1;
    if (event.type === "content_block_delta" && event.delta.type === "text_delta") {
      onText(event.delta.text);
    } else if (event.type === "message_delta") {
      stopReason = event.delta.stop_reason;
    } else if (event.type === "message_stop") {
      ended = true;
    }
  }
  return { stopReason: ended ? (stopReason ?? "end_turn") : null, events };
}
