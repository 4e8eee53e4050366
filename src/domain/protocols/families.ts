import type { Provider } from "../config.ts";
import type { Protocol, RouteKind } from "../protocol.ts";
import { anthropicBatches } from "./anthropicBatches.ts";
import { anthropicMessages } from "./anthropicMessages.ts";
import { atDeployment } from "./azureDeployment.ts";
import { bedrockConverse } from "./bedrockConverse.ts";
import { bedrockInvoke } from "./bedrockInvoke.ts";
import { cohereChat, cohereEmbed } from "./cohere.ts";
import {
  anthropicErrors,
  bedrockErrors,
  cohereErrors,
  type ErrorShape,
  googleErrors,
  ollamaErrors,
  openaiErrors,
} from "./errorShapes.ts";
import { isFreeRoute } from "./freeRoutes.ts";
import { googleEmbed } from "./googleEmbed.ts";
import { googleGenerate } from "./googleGenerate.ts";
import { ollamaChat, ollamaEmbed, ollamaGenerate } from "./ollama.ts";
import { openaiBatches } from "./openaiBatches.ts";
import { openaiChatProtocol } from "./openaiChat.ts";
import { chatDialectOf } from "./openaiChatDialect.ts";
import { openaiCompletionsProtocol } from "./openaiCompletions.ts";
import { openaiEmbeddings } from "./openaiEmbeddings.ts";
import { openaiImages } from "./openaiImages.ts";
import { openaiModerationsProtocol } from "./openaiModerations.ts";
import { openaiCompaction, openaiResponses } from "./openaiResponses.ts";
import { openaiSpeech } from "./openaiSpeech.ts";
import { openaiTranscriptionsProtocol } from "./openaiTranscriptions.ts";
import { perHost } from "./perHost.ts";
import { vertexAnthropic } from "./vertexAnthropic.ts";

type Family = Provider["protocol"];

/** A route of a provider: what it costs, and how what matters of it is read. */
export type Route =
  | { readonly kind: Exclude<RouteKind, "free">; readonly protocol: Protocol }
  | { readonly kind: "free"; readonly protocol: null };

const chat = perHost((baseUrl) => atDeployment(openaiChatProtocol(chatDialectOf(baseUrl)), baseUrl));
const completions = perHost((baseUrl) => atDeployment(openaiCompletionsProtocol(chatDialectOf(baseUrl)), baseUrl));
const embeddings = perHost((baseUrl) => atDeployment(openaiEmbeddings, baseUrl));
const images = perHost((baseUrl) => atDeployment(openaiImages, baseUrl));
const speech = perHost((baseUrl) => atDeployment(openaiSpeech, baseUrl));
const transcriptions = perHost((baseUrl) => atDeployment(openaiTranscriptionsProtocol(baseUrl), baseUrl));
const responses = [() => openaiResponses, () => openaiCompaction];

/** The protocols that each family of providers speaks. A new one is a file of its own and a line here. */
const PROTOCOLS: Readonly<Record<Family, ReadonlyArray<(baseUrl: string | undefined) => Protocol>>> = {
  openai: [
    chat,
    ...responses,
    completions,
    embeddings,
    images,
    speech,
    transcriptions,
    openaiModerationsProtocol,
    () => openaiBatches,
  ],
  anthropic: [() => anthropicMessages, () => anthropicBatches],
  google: [() => googleGenerate, () => googleEmbed, () => vertexAnthropic, chat],
  ollama: [
    () => ollamaChat,
    () => ollamaGenerate,
    () => ollamaEmbed,
    () => anthropicMessages,
    chat,
    ...responses,
    completions,
    embeddings,
  ],
  cohere: [() => cohereChat, () => cohereEmbed],
  bedrock: [() => bedrockConverse, () => bedrockInvoke, chat],
};

const FAMILIES = Object.keys(PROTOCOLS) as Family[];

const ERROR_SHAPES: Readonly<Record<Family, ErrorShape>> = {
  openai: openaiErrors,
  anthropic: anthropicErrors,
  google: googleErrors,
  ollama: ollamaErrors,
  cohere: cohereErrors,
  bedrock: bedrockErrors,
};

/**
 * What a route is to the gate, by the path below the provider's base, without query; null where nobody knows it. The
 * provider's base URL tells in what the host differs from others of its family. Many hosts speak another family's protocol
 * too (Anthropic's messages beside OpenAI's chat): what costs money is then read by that one.
 */
export function protocolFor(family: Family, method: string, path: string, baseUrl?: string): Route | null {
  const own = routeAmong(PROTOCOLS[family], method, path, baseUrl);
  if (own !== null) {
    return own;
  }
  if (isFreeRoute(family, method, path)) {
    return { kind: "free", protocol: null };
  }
  const others = FAMILIES.filter((other) => other !== family).flatMap((other) => PROTOCOLS[other]);
  const found = routeAmong(others, method, path, baseUrl);
  return found?.kind === "free" ? null : found;
}

function routeAmong(
  protocols: ReadonlyArray<(baseUrl: string | undefined) => Protocol>,
  method: string,
  path: string,
  baseUrl: string | undefined,
): Route | null {
  for (const make of protocols) {
    const protocol = make(baseUrl);
    const kind = protocol.recognise(method, path);
    if (kind !== null) {
      return kind === "free" ? { kind, protocol: null } : { kind, protocol };
    }
  }
  return null;
}

/** How to word an error on a route that no protocol knows. */
export function errorShapeOf(family: Family): ErrorShape {
  return ERROR_SHAPES[family];
}
