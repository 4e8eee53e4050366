import { isBilledByTime } from "../prices/timedModels.ts";
import type { Protocol, RequestFacts } from "../protocol.ts";
import { NO_USAGE, type Usage } from "../usage.ts";
import { openaiErrors } from "./errorShapes.ts";
import { bytesOf, countOf, isObject, type JsonObject, objectOf } from "./jsonValue.ts";
import { readAnswer } from "./openaiAnswerReading.ts";
import { type TokenReport, tokenReportOf } from "./openaiTokenReport.ts";
import { readTranscriptionRequest } from "./openaiTranscriptionRequest.ts";
import { estimatedInput, estimatedTokens } from "./promptSize.ts";
import { isEventStream } from "./sse.ts";
import { UsageEventStream } from "./usageEventStream.ts";

/** Groq bills no sound for less than this, in seconds. */
const GROQ_LEAST_SECONDS = 10;

/**
 * OpenAI's transcriptions and translations: sound in, text out. Newer models are billed by tokens of sound and text, older
 * ones by the sound's length: then a second counts as a token of sound. Answers may be text or subtitles, which report
 * nothing.
 */
export function openaiTranscriptionsProtocol(baseUrl: string | undefined): Protocol {
  const leastSeconds = /^https:\/\/api\.groq\.com(\/|$)/i.test(baseUrl ?? "") ? GROQ_LEAST_SECONDS : 1;
  return {
    name: "openai-transcriptions",
    recognise(method, path) {
      return method === "POST" && /(^|\/)audio\/(transcriptions|translations)\/?$/.test(path) ? "metered" : null;
    },
    countRoute: null,
    read: (body, context) => readTranscriptionRequest(body, context, leastSeconds),
    rewrite: (body) => body,
    isStream: isEventStream,
    readJson(status, body, facts) {
      return readAnswer(status, body, {
        members: ["text", "duration"],
        report: (answer) => transcriptReportOf(answer, facts, leastSeconds),
        estimate: (answer) => estimateOf(facts, answer === null ? body.length : bytesOf(answer.text)),
        anyForm: true,
      });
    },
    readStream: (facts) =>
      new UsageEventStream({
        report: (event) => transcriptReportOf(event, facts, leastSeconds),
        isLast: ({ type }) => type === "transcript.text.done",
        textBytes: ({ delta }) => bytesOf(delta),
        estimate: (textBytes) => estimateOf(facts, textBytes),
      }),
    ...openaiErrors,
  };
}

/**
 * `usage` is of the type `tokens`, or of the type `duration` with seconds; Mistral reports both; answers in the form
 * `verbose_json` tell the length as `duration`.
 */
function transcriptReportOf(answer: JsonObject, facts: RequestFacts, leastSeconds: number): TokenReport | null {
  const usage = objectOf(answer.usage);
  const report = tokenReportOf(answer.usage);
  const seconds = countOf(usage.seconds) ?? countOf(usage.prompt_audio_seconds) ?? countOf(answer.duration);
  if (isBilledByTime(facts.model) || (report === null && isObject(answer.usage))) {
    const billed = seconds === null ? null : Math.max(leastSeconds, seconds);
    return billed === null ? null : { usage: soundUsage(billed, 0), costUsd: report?.costUsd ?? null };
  }
  if (report === null) {
    return null;
  }
  const { outputTokens, audioInputTokens } = report.usage;
  // Mistral leaves the sound out of the prompt's tokens, but not out of the total.
  const inputTokens = Math.max(report.usage.inputTokens, (countOf(usage.total_tokens) ?? 0) - outputTokens);
  const isSplit = isObject(usage.input_token_details ?? usage.input_tokens_details);
  const soundTokens = isSplit ? audioInputTokens : inputTokens;
  return { ...report, usage: { ...report.usage, inputTokens, audioInputTokens: soundTokens } };
}

function estimateOf(facts: RequestFacts, textBytes: number): Usage {
  return soundUsage(estimatedInput(facts), isBilledByTime(facts.model) ? 0 : estimatedTokens(textBytes));
}

function soundUsage(inputTokens: number, outputTokens: number): Usage {
  return { ...NO_USAGE, inputTokens, audioInputTokens: inputTokens, outputTokens };
}
