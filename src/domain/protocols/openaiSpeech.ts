import { BadRequestError, type Protocol, type RequestContext, type RequestFacts } from "../protocol.ts";
import { NO_USAGE, type Usage } from "../usage.ts";
import { modelAsked } from "./azureDeployment.ts";
import { openaiErrors } from "./errorShapes.ts";
import { bytesOf, type JsonObject, parseRequest } from "./jsonValue.ts";
import { readAnswer } from "./openaiAnswerReading.ts";
import { askedTier } from "./openaiParts.ts";
import { type TokenReport, tokenReportOf } from "./openaiTokenReport.ts";
import { estimatedInput, PromptSize } from "./promptSize.ts";
import { isEventStream } from "./sse.ts";
import { UsageEventStream } from "./usageEventStream.ts";

const FRAME_TOKENS = 100;
/**
 * Tokens of sound for a byte of text. OpenAI's speech has about 21 tokens a second (0.015 USD a minute, at 12 USD a million):
 * English takes 1.4 for each letter, digits read one by one 7 or 8. Half as fast takes twice as many.
 */
const MOST_TOKENS_A_BYTE = 10;
/** Pauses and sounds that an instruction asks for around a short text: 48 seconds. */
const PAUSE_TOKENS = 1_000;
/** For an estimate; errs upward. */
const USUAL_SHARE_OF_MOST = 5;
/** OpenAI takes no slower speech. */
const SLOWEST = 0.25;

/**
 * OpenAI's speech: text in, sound out. The sound comes as it is, or in events of which the last one reports the usage; of
 * sound that comes as it is nobody reports anything, and it is estimated from the text.
 */
export const openaiSpeech: Protocol = {
  name: "openai-speech",
  recognise: (method, path) => (method === "POST" && /(^|\/)audio\/speech\/?$/.test(path) ? "metered" : null),
  countRoute: null,
  read: readSpeechRequest,
  rewrite: (body) => body,
  isStream: isEventStream,
  readJson: (status, body, facts) =>
    readAnswer(status, body, { report: spokenReport, estimate: () => estimateOf(facts), anyForm: true }),
  readStream: (facts) =>
    new UsageEventStream({
      report: spokenReport,
      isLast: ({ type }) => type === "speech.audio.done",
      textBytes: () => 0,
      estimate: () => estimateOf(facts),
    }),
  ...openaiErrors,
};

/** All output is sound, whether the report says so or not. */
function spokenReport({ usage }: JsonObject): TokenReport | null {
  const report = tokenReportOf(usage);
  return report === null
    ? null
    : { ...report, usage: { ...report.usage, audioOutputTokens: report.usage.outputTokens } };
}

function estimateOf(facts: RequestFacts): Usage {
  const most = facts.outputLimitTokens ?? PAUSE_TOKENS;
  const outputTokens = Math.ceil((most - PAUSE_TOKENS) / USUAL_SHARE_OF_MOST);
  return { ...NO_USAGE, inputTokens: estimatedInput(facts), outputTokens, audioOutputTokens: outputTokens };
}

/** @throws BadRequestError */
function readSpeechRequest(body: Buffer, context?: RequestContext): RequestFacts {
  const request = parseRequest(body);
  const { input, speed } = request;
  if (typeof input !== "string") {
    throw new BadRequestError('"input" must be a string');
  }
  const slowness = typeof speed === "number" && speed > 0 ? 1 / Math.min(1, Math.max(SLOWEST, speed)) : 1;
  const size = new PromptSize(body.length, context?.textTokens);
  return {
    model: modelAsked(request, context),
    stream: request.stream_format === "sse",
    inputBoundTokens: size.mostTokens + FRAME_TOKENS,
    outputLimitTokens: Math.ceil(bytesOf(input) * MOST_TOKENS_A_BYTE * slowness) + PAUSE_TOKENS,
    clampable: false,
    choices: 1,
    webSearchBound: 0,
    promptBytes: size.textBytes,
    members: new Set(Object.keys(request)),
    hasMedia: false,
    usageAsked: true,
    serviceTier: askedTier(request),
  };
}
