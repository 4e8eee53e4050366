import type { Protocol, RequestFacts } from "../protocol.ts";
import { NO_USAGE, type Usage } from "../usage.ts";
import { openaiErrors } from "./errorShapes.ts";
import { isObject, type JsonObject } from "./jsonValue.ts";
import { readAnswer } from "./openaiAnswerReading.ts";
import { readImageRequest } from "./openaiImageRequest.ts";
import { type TokenReport, tokenReportOf } from "./openaiTokenReport.ts";
import { estimatedInput } from "./promptSize.ts";
import { isEventStream } from "./sse.ts";
import { UsageEventStream } from "./usageEventStream.ts";

/**
 * OpenAI's images: generations, edits and variations. GPT Image models report tokens, of pictures and of text; what older
 * models and other hosts bill by the picture has no price in tokens.
 */
export const openaiImages: Protocol = {
  name: "openai-images",
  recognise(method, path) {
    return method === "POST" && /(^|\/)images\/(generations|edits|variations)\/?$/.test(path) ? "metered" : null;
  },
  countRoute: null,
  read: readImageRequest,
  rewrite: (body) => body,
  isStream: isEventStream,
  readJson: (status, body, facts) =>
    readAnswer(status, body, { members: ["svg_usage"], report: imageReportOf, estimate: () => estimateOf(facts) }),
  readStream: (facts) =>
    new UsageEventStream({
      report: imageReportOf,
      isLast: ({ type }) => type === "image_generation.completed" || type === "image_edit.completed",
      textBytes: () => 0,
      estimate: () => estimateOf(facts),
      answers: facts.choices,
    }),
  ...openaiErrors,
};

/** The model that writes an SVG reports its tokens beside those of the picture that it was drawn from: both are billed. */
function imageReportOf({ usage, svg_usage: svg }: JsonObject): TokenReport | null {
  const report = tokenReportOf(usage);
  const written = isObject(svg) ? tokenReportOf(svg) : null;
  if (report === null || written === null) {
    return report ?? written;
  }
  const inputTokens = report.usage.inputTokens + written.usage.inputTokens;
  const outputTokens = report.usage.outputTokens + written.usage.outputTokens;
  return { ...report, usage: { ...report.usage, inputTokens, outputTokens } };
}

/** All pictures that were asked for: a provider goes on drawing when its client has gone. */
function estimateOf(facts: RequestFacts): Usage {
  return { ...NO_USAGE, inputTokens: estimatedInput(facts), outputTokens: facts.outputLimitTokens ?? 0 };
}
