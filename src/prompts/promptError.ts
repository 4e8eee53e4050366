import type { Refusal } from "../domain/events.ts";

export type PromptErrorKind =
  /** A budget, or the gate for another reason, did not let the call pass: nothing was sent. */
  | "refused"
  | "key-missing"
  | "key-wrong"
  | "model-unknown"
  | "rate-limited"
  /** The provider answered with an error, or with what cannot be read. */
  | "provider-error"
  | "timeout"
  /** The provider cannot be reached. */
  | "connection"
  /** The answer broke off. */
  | "broken-stream"
  /** The sidecar cannot be reached or does not know this caller. */
  | "sidecar"
  /** The caller's signal was aborted. */
  | "cancelled";

export interface PromptErrorFacts {
  /** Whether the same prompt may well succeed when sent again. */
  readonly retryable?: boolean;
  readonly refusal?: Refusal | null;
  readonly callId?: string | null;
  readonly partialText?: string;
  readonly httpStatus?: number | null;
  /** How long the provider asks to wait, in ms. */
  readonly retryAfterMs?: number | null;
  readonly cause?: unknown;
}

/** Why a prompt has no whole answer. The message is for people: what happened, and what they can do. */
export class PromptError extends Error {
  override readonly name = "PromptError";
  readonly kind: PromptErrorKind;
  readonly retryable: boolean;
  /** Set where the gate refused. */
  readonly refusal: Refusal | null;
  /** The call's id in the ledger, of the last attempt; null where none got so far. */
  readonly callId: string | null;
  /** What came of the answer before it broke off. */
  readonly partialText: string;
  readonly httpStatus: number | null;
  readonly retryAfterMs: number | null;

  constructor(kind: PromptErrorKind, message: string, facts: PromptErrorFacts = {}) {
    super(message, facts.cause === undefined ? {} : { cause: facts.cause });
    this.kind = kind;
    this.retryable = facts.retryable ?? false;
    this.refusal = facts.refusal ?? null;
    this.callId = facts.callId ?? null;
    this.partialText = facts.partialText ?? "";
    this.httpStatus = facts.httpStatus ?? null;
    this.retryAfterMs = facts.retryAfterMs ?? null;
  }
}
