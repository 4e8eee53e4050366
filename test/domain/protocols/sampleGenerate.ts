import type { RequestContext } from "../../../src/domain/protocol.ts";
import { googleGenerate } from "../../../src/domain/protocols/googleGenerate.ts";
import { bodyOf } from "./streams.ts";

export const contents = [{ role: "user", parts: [{ text: "Hello" }] }];
export const at = (method: string, model = "gemini-2.5-flash"): RequestContext => ({
  path: `/v1beta/models/${model}:${method}`,
  search: "",
  contentType: "application/json",
});
export const read = (more: object, model?: string) =>
  googleGenerate.read(bodyOf({ contents, ...more }), at("generateContent", model));
export const facts = googleGenerate.read(bodyOf({ contents }), at("streamGenerateContent"));

export const chunk = (text: string, usageMetadata: object | undefined, more: object = {}) => ({
  candidates: [{ content: { role: "model", parts: [{ text }] }, index: 0, ...more }],
  usageMetadata,
  modelVersion: "gemini-2.5-flash",
});
/** What the last chunk says beside its text. */
export const end = { finishReason: "STOP" };
