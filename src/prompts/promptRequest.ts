import type { StandsInFor } from "../domain/backends/standsInFor.ts";
import type { Provider } from "../domain/config.ts";

/** One turn of a conversation. */
export interface PromptMessage {
  readonly role: "user" | "assistant";
  readonly text: string;
}

/** What is asked, of whom, and how. */
export interface PromptRequest {
  /** The provider's name in the configuration, for messages. */
  readonly provider: string;
  readonly protocol: Provider["protocol"];
  readonly model: string;
  /** The provider's base URL of a pass; as a function it is asked anew for every attempt. */
  readonly baseUrl: string | (() => string | Promise<string>);
  /** The provider's API key; null where there is none. */
  readonly key: string | null;
  /** Whether the prompt fails at once without a key; absent: of `openai` and of Anthropic's and Google's protocols alone. */
  readonly keyRequired?: boolean;
  readonly system?: string;
  readonly messages: readonly PromptMessage[];
  /** Longest answer, in tokens. */
  readonly maxOutputTokens: number;
  /** Longest silence, in ms: before the answer and within it. Default 60,000. */
  readonly timeoutMs?: number;
  /** Noted with the call in the ledger. */
  readonly requestType?: string;
  readonly tags?: readonly string[];
  /** Shared by all attempts of the prompt; absent: a new one. */
  readonly promptId?: string;
  /** What was asked for, where this request goes to another backend. */
  readonly standsInFor?: StandsInFor;
}

export interface PromptResult {
  readonly text: string;
  /** The call's id in the ledger; null where the gateway sent none. */
  readonly callId: string | null;
  /** As the provider says it: `stop`, `length`, `end_turn`, `max_tokens`, … */
  readonly stopReason: string | null;
  /** Whether the answer ended because it reached the output limit. */
  readonly cutByLimit: boolean;
  /** The output limit, in tokens, that the gate wrote into the request; null where it left it alone. */
  readonly clampedOutput: number | null;
  /** How often the prompt was sent; 1 where the first time was enough. */
  readonly attempts: number;
}

/** What an attempt tells of the call before it is over. */
export interface CallNotice {
  readonly callId: string;
  readonly clampedOutput: number | null;
}

/** How one protocol's client streams one answer; gives the provider's own stop reason once the stream has come to its end. */
export type StreamPrompt = (request: ResolvedPrompt, onText: (text: string) => void) => Promise<StreamEnd>;

export interface StreamEnd {
  /** Null where the stream ended before the provider said that it has ended. */
  readonly stopReason: string | null;
  /** Events of the stream that made sense. */
  readonly events: number;
}

/** A request with all that one attempt needs. */
export interface ResolvedPrompt {
  readonly model: string;
  readonly provider: string;
  readonly baseUrl: string;
  readonly key: string | null;
  readonly system: string | undefined;
  readonly messages: readonly PromptMessage[];
  readonly maxOutputTokens: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
}
