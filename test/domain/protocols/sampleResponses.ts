import { NO_CONTEXT, type RequestFacts } from "../../../src/domain/protocol.ts";
import { openaiResponses } from "../../../src/domain/protocols/openaiResponses.ts";
import { bodyOf, named, pass, utf8 } from "./streams.ts";

export const request = { model: "gpt-5.4", input: "What is the capital of Mexico?" };
export const read = (more: object = {}, context: object = {}): RequestFacts =>
  openaiResponses.read(bodyOf({ ...request, ...more }), { ...NO_CONTEXT, ...context });
export const facts = read({ stream: true });

export const usage = {
  input_tokens: 1_000,
  input_tokens_details: { cached_tokens: 600, cache_write_tokens: 300 },
  output_tokens: 50,
  output_tokens_details: { reasoning_tokens: 20 },
  total_tokens: 1_050,
};
export const message = (text: string) => ({ id: "msg_1", type: "message", content: [{ type: "output_text", text }] });
export const response = (more: object = {}) => ({
  id: "resp_1",
  object: "response",
  status: "completed",
  background: false,
  error: null,
  model: "gpt-5.4-2026-03-05",
  service_tier: "default",
  output: [message("Mexico City")],
  usage,
  ...more,
});
export const search = (id: string, type = "search") => ({ id, type: "web_search_call", action: { type, query: "x" } });

export const started = response({ status: "in_progress", service_tier: "auto", output: [], usage: null });
export const delta = (text: string, more: object = {}) => ({
  type: "response.output_text.delta",
  output_index: 0,
  item_id: "msg_1",
  delta: text,
  obfuscation: "p".repeat(500),
  ...more,
});
export const beginning = [
  { type: "response.created", response: started },
  { type: "response.in_progress", response: started },
  { type: "response.output_item.added", output_index: 0, item: { ...message(""), content: [] } },
];
/** How a stream of these events is read. */
export const readingOf = (...events: Array<{ type: string }>) =>
  pass(openaiResponses, facts, [utf8(named(...events))]).reading;
