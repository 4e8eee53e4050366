import { type Answer, answerTo, limitOf } from "./answer.ts";
import type { Behaviour } from "./script.ts";
import { contentText, countTokens, isJson, type Json, listOf } from "./tokens.ts";
import { hexId, padding, wireId } from "./wireId.ts";

/** A finished response, and what a request that goes on from it has before its own prompt. */
export type Responded = { response: Json; answer: Answer; prompt: string };

/** What one search adds to the prompt that is read again after it. */
export const searchResultTokens = 1_000;

/** The items of a request's input; a text is one message of the user. */
const itemsOf = (body: Json): Json[] =>
  typeof body.input === "string" ? [{ role: "user", content: body.input }] : listOf(body.input);

/** The same request as Chat Completions would have it, for the script's magic words and the answer's text. */
export const asChat = (body: Json): Json => ({ ...body, messages: itemsOf(body) });

/** What the model reads: tools, instructions, then each item with its content, result or call. */
export const responsesPrompt = (body: Json): string => {
  const tools = Array.isArray(body.tools) && body.tools.length > 0 ? JSON.stringify(body.tools) : "";
  const instructions = typeof body.instructions === "string" ? body.instructions : "";
  const items = itemsOf(body).map((item) => {
    if (item.content !== undefined) return contentText(item.content);
    return typeof item.output === "string" ? item.output : JSON.stringify(item);
  });
  return [tools, instructions, ...items].join("");
};

/** Searches the model makes: as many as the script says, where it may search and is allowed so many calls of tools. */
const searchesOf = (body: Json, { searches = 0 }: Behaviour): number => {
  const may = listOf(body.tools).some((tool) => String(tool.type).startsWith("web_search"));
  return may ? Math.min(searches, limitOf(body.max_tool_calls) ?? searches) : 0;
};

/** Answers a request. `earlier` is what stands before its prompt; `cached` finds how much of all of it was seen before. */
export const respond = (
  body: Json,
  behaviour: Behaviour,
  model: string,
  earlier: string,
  cached: (prompt: string) => number,
): Responded => {
  const prompt = earlier + responsesPrompt(body);
  const answer = answerTo(asChat(body), behaviour, limitOf(body.max_output_tokens));
  const searches = searchesOf(body, behaviour);
  // The prompt is read once, and once more after each search, with all that was found by then.
  const input = countTokens(prompt) * (1 + searches) + (searchResultTokens * searches * (searches + 1)) / 2;
  const usage = {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached(prompt) },
    output_tokens: answer.outputTokens,
    output_tokens_details: { reasoning_tokens: answer.reasoningTokens },
    total_tokens: input + answer.outputTokens,
  };
  const tier = body.service_tier === "flex" || body.service_tier === "priority" ? body.service_tier : "default";
  const response = {
    ...envelope(body, model),
    status: answer.cut ? "incomplete" : "completed",
    incomplete_details: answer.cut ? { reason: "max_output_tokens" } : null,
    completed_at: now(),
    service_tier: behaviour.serviceTier ?? tier,
    output: outputOf(answer, searches),
    usage: behaviour.omitUsage ? null : (behaviour.usage ?? usage),
  };
  return { response, answer, prompt: prompt + answer.text };
};

const now = (): number => Math.floor(Date.now() / 1000);

/** A response before anything was done for it. */
export const envelope = (body: Json, model: string): Json => ({
  id: hexId("resp_", 50),
  object: "response",
  created_at: now(),
  status: "in_progress",
  background: body.background === true,
  billing: { payer: "developer" },
  completed_at: null,
  error: null,
  frequency_penalty: 0,
  incomplete_details: null,
  instructions: body.instructions ?? null,
  max_output_tokens: body.max_output_tokens ?? null,
  max_tool_calls: body.max_tool_calls ?? null,
  model,
  moderation: null,
  output: [],
  parallel_tool_calls: true,
  presence_penalty: 0,
  previous_response_id: body.previous_response_id ?? null,
  prompt_cache_key: null,
  prompt_cache_retention: "in_memory",
  reasoning: { effort: null, summary: null },
  safety_identifier: null,
  service_tier: "auto",
  store: body.store !== false,
  temperature: 1,
  text: { format: { type: "text" }, verbosity: "medium" },
  tool_choice: body.tool_choice ?? "auto",
  tools: body.tools ?? [],
  top_logprobs: 0,
  top_p: 1,
  truncation: "disabled",
  usage: null,
  user: null,
  metadata: {},
});

const outputOf = (answer: Answer, searches: number): Json[] => [
  ...(answer.reasoningTokens > 0
    ? [
        {
          id: hexId("rs_", 50),
          type: "reasoning",
          content: [],
          encrypted_content: wireId("gAAAA", 900 + answer.reasoningTokens * 8),
          summary: [],
        },
      ]
    : []),
  ...Array.from({ length: searches }, (_, index) => ({
    id: hexId("ws_", 50),
    type: "web_search_call",
    status: "completed",
    action: { type: "search", query: `what others say, part ${index + 1}` },
  })),
  {
    id: hexId("msg_", 50),
    type: "message",
    status: answer.cut ? "incomplete" : "completed",
    content: [textPart(answer.text)],
    role: "assistant",
  },
];

const textPart = (text: string): Json => ({ type: "output_text", annotations: [], logprobs: [], text });

/** The events of a stream, each named, numbered, and its deltas padded unless the request declines. */
export const eventsOf = ({ response, answer }: Responded, body: Json): string[] => {
  const events: string[] = [];
  const emit = (type: string, more: Json): void => {
    events.push(`event: ${type}\ndata: ${JSON.stringify({ type, ...more, sequence_number: events.length })}\n\n`);
  };
  const options = isJson(body.stream_options) ? body.stream_options : {};
  const started = { ...envelope(body, String(response.model)), id: response.id };
  if (response.background === true) emit("response.queued", { response: { ...started, status: "queued" } });
  emit("response.created", { response: started });
  emit("response.in_progress", { response: started });
  for (const [output_index, item] of listOf(response.output).entries()) {
    const place = { item_id: item.id, output_index };
    const isMessage = item.type === "message";
    const { action: _, ...bare } = item;
    emit("response.output_item.added", {
      item: { ...bare, status: "in_progress", ...(isMessage && { content: [] }) },
      output_index,
    });
    if (item.type === "web_search_call") {
      for (const step of ["in_progress", "searching", "completed"]) emit(`response.web_search_call.${step}`, place);
    }
    if (isMessage) {
      const part = { ...place, content_index: 0 };
      emit("response.content_part.added", { ...part, part: textPart("") });
      for (const delta of answer.pieces) {
        const pad = options.include_obfuscation === false ? {} : { obfuscation: padding(`${events.length}`) };
        emit("response.output_text.delta", { ...part, delta, logprobs: [], ...pad });
      }
      emit("response.output_text.done", { ...part, logprobs: [], text: answer.text });
      emit("response.content_part.done", { ...part, part: textPart(answer.text) });
    }
    emit("response.output_item.done", { item, output_index });
  }
  emit(`response.${response.status}`, { response });
  return events;
};
