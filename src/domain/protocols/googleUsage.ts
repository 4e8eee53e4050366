import { bytesOf, countOf, isObject, type JsonObject, jsonText, listOf, objectOf, textOf } from "./jsonValue.ts";

/** Google's counts as they stand on the wire; what a report leaves out is null, which is not 0. */
export interface GoogleCounts {
  /** All input: the prompt, cached parts included, and what tools have added. */
  readonly input: number | null;
  readonly cached: number;
  readonly audioInput: number;
  /** Sound among the cached input. */
  readonly cachedAudio: number;
  /** What the candidates say, thoughts apart. */
  readonly said: number | null;
  readonly thoughts: number | null;
  readonly audioOutput: number;
  readonly tier: string | null;
}

/** Reads `usageMetadata`; null where it holds no count. */
export function countsOf(metadata: unknown): GoogleCounts | null {
  const usage = objectOf(metadata);
  const prompt = countOf(usage.promptTokenCount);
  const said = countOf(usage.candidatesTokenCount);
  const thoughts = countOf(usage.thoughtsTokenCount);
  if (prompt === null && said === null && thoughts === null) {
    return null;
  }
  const toolUse = countOf(usage.toolUsePromptTokenCount) ?? 0;
  const total = countOf(usage.totalTokenCount);
  // What the total has beyond its parts is the part that was left out.
  const rest = total === null || prompt === null ? null : total - prompt - toolUse - (said ?? 0) - (thoughts ?? 0);
  const isSettled = rest !== null && rest >= 0;
  return {
    input: prompt === null ? null : prompt + toolUse,
    cached: countOf(usage.cachedContentTokenCount) ?? 0,
    audioInput: audioIn(usage.promptTokensDetails) + audioIn(usage.toolUsePromptTokensDetails),
    cachedAudio: audioIn(usage.cacheTokensDetails),
    said: said ?? (isSettled && rest > 0 ? rest : null),
    thoughts: thoughts ?? (isSettled && said !== null ? rest : null),
    audioOutput: audioIn(usage.candidatesTokensDetails),
    tier: tierOf(usage),
  };
}

function audioIn(details: unknown): number {
  let tokens = 0;
  for (const detail of listOf(details)) {
    const { modality, tokenCount } = objectOf(detail);
    tokens += modality === "AUDIO" ? (countOf(tokenCount) ?? 0) : 0;
  }
  return tokens;
}

const TRAFFIC: Readonly<Record<string, string | null>> = {
  ON_DEMAND: "standard",
  /** Paid for in advance. */
  PROVISIONED_THROUGHPUT: "standard",
  TRAFFIC_TYPE_UNSPECIFIED: null,
};

/** AI Studio names the tier, Vertex the kind of traffic. */
function tierOf(usage: JsonObject): string | null {
  const traffic = textOf(usage.trafficType);
  if (traffic === null) {
    return textOf(usage.serviceTier)?.toLowerCase() ?? null;
  }
  return Object.hasOwn(TRAFFIC, traffic)
    ? (TRAFFIC[traffic] ?? null)
    : traffic.toLowerCase().replace(/^on_demand_/, "");
}

/** Bytes of what a model wrote, as far as an answer or a chunk shows it. */
export interface Written {
  readonly said: number;
  readonly thoughts: number;
}

/** Pictures and sound in an answer, as bytes of text that would take as many tokens: at most 2,520, and 25 a second. */
const IMAGE_BYTES = 2_520 * 3;
const PCM_BYTES_PER_TOKEN = 1_920;
/** Tokens that a call of a function takes beside its name and arguments, as bytes. */
const CALL_FRAME_BYTES = 12;

/** Counts text in the candidates of an answer or a chunk. Results of tools are not the model's own. */
export function writtenIn(answer: JsonObject): Written {
  let said = 0;
  let thoughts = 0;
  for (const candidate of listOf(answer.candidates)) {
    let hidden = 0;
    let shown = 0;
    for (const part of listOf(objectOf(objectOf(candidate).content).parts).map(objectOf)) {
      hidden += Math.ceil((bytesOf(part.thoughtSignature) * 3) / 4);
      if (part.thought === true) {
        shown += bytesOf(part.text);
      } else {
        said += saidBytes(part);
      }
    }
    // Thoughts that come only encrypted are taken for as long as that.
    thoughts += shown > 0 ? shown : hidden;
  }
  return { said, thoughts };
}

function saidBytes(part: JsonObject): number {
  let bytes = bytesOf(part.text) + bytesOf(objectOf(part.executableCode).code);
  for (const called of [part.functionCall, part.toolCall]) {
    if (isObject(called)) {
      bytes += bytesOf(jsonText(called.args ?? called.partialArgs ?? "")) + bytesOf(called.name) + CALL_FRAME_BYTES;
    }
  }
  const made = objectOf(part.inlineData);
  const length = bytesOf(made.data);
  if (length > 0) {
    const isAudio = textOf(made.mimeType)?.startsWith("audio/") === true;
    bytes += isAudio ? Math.ceil((length * 3) / 4 / PCM_BYTES_PER_TOKEN) * 3 : IMAGE_BYTES;
  }
  return bytes;
}

/** The type of the error that an answer or an event carries, null where it carries none. */
export function googleErrorOf(answer: JsonObject): string | null {
  const { error } = answer;
  if (!isObject(error)) {
    return typeof error === "string" && error !== "" ? "error" : null;
  }
  const code = typeof error.code === "number" ? String(error.code) : null;
  return textOf(error.status) ?? code ?? "error";
}
