import type { Provider } from "../domain/config.ts";
import type { Protocol, RequestContext, RequestFacts } from "../domain/protocol.ts";
import { protocolFor } from "../domain/protocols/families.ts";

/** A prompt as a program would send it to a provider, in the provider's own protocol. */
export interface PlainRequest {
  readonly protocol: Protocol;
  readonly body: Buffer;
  readonly context: RequestContext;
  readonly facts: RequestFacts;
}

/** Null where the provider's protocol is not metered. `textTokens` is the most tokens that the prompt can be. */
export function plainRequest(
  { protocol: family, baseUrl }: Provider,
  model: string,
  text: string,
  maxOutputTokens: number | null,
  textTokens?: number,
): PlainRequest | null {
  const { path, members } = inWords(family, model, text, maxOutputTokens);
  const found = protocolFor(family, "POST", path, baseUrl);
  if (found?.kind !== "metered") {
    return null;
  }
  const { protocol } = found;
  const body = Buffer.from(JSON.stringify(members));
  const context: RequestContext = {
    path,
    search: "",
    contentType: "application/json",
    ...(textTokens === undefined ? {} : { textTokens }),
  };
  return { protocol, body, context, facts: protocol.read(body, context) };
}

function inWords(
  family: Provider["protocol"],
  model: string,
  text: string,
  limit: number | null,
): { readonly path: string; readonly members: Record<string, unknown> } {
  const messages = [{ role: "user", content: text }];
  const at = encodeURIComponent(model);
  switch (family) {
    case "openai": {
      // Hosts obey one of the two.
      const limits = limit === null ? {} : { max_completion_tokens: limit, max_tokens: limit };
      return { path: "/chat/completions", members: { model, messages, ...limits, stream: true } };
    }
    case "anthropic":
      return { path: "/v1/messages", members: { model, messages, ...named("max_tokens", limit), stream: true } };
    case "google": {
      const contents = [{ role: "user", parts: [{ text }] }];
      const generationConfig = named("maxOutputTokens", limit);
      return { path: `/v1beta/models/${at}:generateContent`, members: { contents, generationConfig } };
    }
    case "ollama":
      return { path: "/api/chat", members: { model, messages, options: named("num_predict", limit) } };
    case "cohere":
      return { path: "/v2/chat", members: { model, messages, ...named("max_tokens", limit) } };
    case "bedrock": {
      const content = [{ role: "user", content: [{ text }] }];
      return {
        path: `/model/${at}/converse`,
        members: { messages: content, inferenceConfig: named("maxTokens", limit) },
      };
    }
  }
}

function named(name: string, limit: number | null): Record<string, number> {
  return limit === null ? {} : { [name]: limit };
}
