import { z } from "zod";
import { SseParser } from "../client/sseParser.ts";
import type { ResolvedPrompt, StreamEnd } from "./promptRequest.ts";

/** What is read of a chunk. Parts that are marked as thoughts are not the answer. */
const chunkSchema = z.object({
  candidates: z
    .array(
      z.object({
        content: z
          .object({ parts: z.array(z.object({ text: z.string().optional(), thought: z.boolean().optional() })) })
          .partial()
          .optional(),
        finishReason: z.string().optional(),
      }),
    )
    .optional(),
  promptFeedback: z.object({ blockReason: z.string().optional() }).optional(),
  error: z.object({ message: z.string() }).optional(),
});

/** An error that came in place of an answer's next piece. */
class StreamedError extends Error {
  override readonly name = "StreamedError";
  readonly error: { readonly message: string };

  constructor(error: { readonly message: string }) {
    super(error.message);
    this.error = error;
  }
}

/** Streams one answer of Google's `streamGenerateContent`. Its own client is large and adds nothing that is needed here. */
export async function streamGoogle(prompt: ResolvedPrompt, onText: (text: string) => void): Promise<StreamEnd> {
  const base = prompt.baseUrl.replace(/\/+$/, "").replace(/\/v1(beta|alpha)?$/, "");
  const url = `${base}/v1beta/models/${encodeURIComponent(prompt.model)}:streamGenerateContent?alt=sse`;
  const contents = prompt.messages.map(({ role, text }) => ({
    role: role === "assistant" ? "model" : "user",
    parts: [{ text }],
  }));
  const response = await prompt.fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(prompt.key === null ? {} : { "x-goog-api-key": prompt.key }),
      ...prompt.headers,
    },
    body: JSON.stringify({
      contents,
      ...(prompt.system === undefined ? {} : { systemInstruction: { parts: [{ text: prompt.system }] } }),
      generationConfig: { maxOutputTokens: prompt.maxOutputTokens },
    }),
    signal: prompt.signal,
  });
  if (!response.ok || response.body === null) {
    throw new Error(`status ${response.status}`);
  }
  const parser = new SseParser();
  let stopReason: string | null = null;
  let events = 0;
  for await (const bytes of response.body) {
    for (const { data } of parser.push(Buffer.from(bytes))) {
      const { candidates, promptFeedback, error } = chunkSchema.parse(JSON.parse(data));
      if (error !== undefined) {
        throw new StreamedError(error);
      }
      events += 1;
      const [candidate] = candidates ?? [];
      for (const part of candidate?.content?.parts ?? []) {
        if (part.thought !== true && part.text !== undefined && part.text !== "") {
          onText(part.text);
        }
      }
      const ended = candidate?.finishReason ?? promptFeedback?.blockReason;
      stopReason = ended === undefined ? stopReason : ended.toLowerCase();
    }
  }
  return { stopReason, events };
}
