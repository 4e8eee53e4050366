import { BadRequestError, type Protocol, type RequestContext, type RequestFacts, type Rewrite } from "../protocol.ts";
import { forModelOrDeployment, modelAsked } from "./azureDeployment.ts";
import { openaiErrors } from "./errorShapes.ts";
import { membersOf, withMembers } from "./jsonEdit.ts";
import { flagMember, parseRequest, wholeMember } from "./jsonValue.ts";
import { askedUsage } from "./openaiChat.ts";
import { readChatAnswer } from "./openaiChatAnswer.ts";
import type { ChatDialect } from "./openaiChatDialect.ts";
import { asksForUsage, choicesOf, LARGEST_LIMIT, MOST_CHOICES } from "./openaiChatRequest.ts";
import { OpenaiChatStream } from "./openaiChatStream.ts";
import { askedTier } from "./openaiParts.ts";
import { addTokenList, isTokenList } from "./openaiTokenLists.ts";
import { PromptSize } from "./promptSize.ts";
import { isEventStream } from "./sse.ts";

/** Marks that hosts put before each prompt, and around prompt and suffix where text is to be put in between. */
const FRAME_TOKENS = 16;

/**
 * OpenAI's older completions, still spoken by vLLM, llama.cpp, Together, DeepSeek and Mistral (`/fim/completions`): text is
 * continued. Answers and streams have the shape of chats.
 */
export function openaiCompletionsProtocol(dialect: ChatDialect): Protocol {
  return {
    name: "openai-completions",
    recognise(method, path) {
      return method === "POST" && /(^|\/)(?<!chat\/)completions\/?$/.test(path) ? "metered" : null;
    },
    countRoute: null,
    forModel: forModelOrDeployment,
    read: (body, context) => readCompletionRequest(body, dialect, context),
    isStream: isEventStream,
    rewrite: (body, facts, changes) =>
      withMembers(body, facts.members, {
        ...askedUsage(body, facts),
        ...loweredLimit(body, facts, changes),
      }),
    readJson: readChatAnswer,
    readStream: (facts) => (facts.members.has("echo") ? new EchoingStream(facts) : new OpenaiChatStream(facts)),
    ...openaiErrors,
  };
}

/** What passes begins with the prompt, which is no output and is not billed as one: it says nothing of the limit. */
class EchoingStream extends OpenaiChatStream {
  override get outputAtLeast(): number {
    return 0;
  }
}

/** @throws BadRequestError */
function readCompletionRequest(body: Buffer, dialect: ChatDialect, context?: RequestContext): RequestFacts {
  const request = parseRequest(body);
  const { prompt = null } = request;
  if (prompt !== null && typeof prompt !== "string" && !Array.isArray(prompt)) {
    throw new BadRequestError('"prompt" must be a text, or a list of texts or tokens');
  }
  const prompts = Array.isArray(prompt) && !isTokenList(prompt) ? prompt : [prompt];
  const size = new PromptSize(body.length, context?.textTokens);
  for (const one of prompts) {
    addTokenList(size, one);
  }
  const choices = Math.max(1, prompts.length) * Math.max(choicesOf(request, "n"), choicesOf(request, "best_of"));
  if (choices > MOST_CHOICES) {
    throw new BadRequestError(`"prompt", "n" and "best_of" must ask for at most ${MOST_CHOICES} completions`);
  }
  const given = wholeMember(request, "max_tokens") ?? dialect.completionTokens;
  const limit = given === null || given < 0 ? null : Math.min(given, LARGEST_LIMIT);
  return {
    model: modelAsked(request, context),
    stream: flagMember(request, "stream"),
    inputBoundTokens: size.mostTokens + FRAME_TOKENS * Math.max(1, prompts.length),
    outputLimitTokens: limit === null ? null : limit * choices,
    choices,
    webSearchBound: 0,
    promptBytes: size.textBytes,
    members: new Set(Object.keys(request)),
    hasMedia: size.hasMedia,
    usageAsked: !asksForUsage(request, dialect, context),
    serviceTier: askedTier(request),
  };
}

function loweredLimit(
  body: Buffer,
  facts: RequestFacts,
  { outputLimitTokens: limit }: Rewrite,
): { max_tokens?: string } {
  if (limit === undefined) {
    return {};
  }
  const given = membersOf(body, facts.members, ["max_tokens"]).get("max_tokens");
  const lowered = typeof given === "number" && given >= 0 ? Math.min(given, limit) : limit;
  return { max_tokens: String(lowered) };
}
