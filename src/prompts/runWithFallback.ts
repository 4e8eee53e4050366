import { randomUUID } from "node:crypto";
import { type Backend, backendInWords, isSameBackend } from "../domain/backends/backendSettings.ts";
import type { StandsInFor } from "../domain/backends/standsInFor.ts";
import { PromptError } from "./promptError.ts";
import type { PromptRequest, PromptResult } from "./promptRequest.ts";
import { type PromptHandlers, runPrompt } from "./runPrompt.ts";

/** Another backend is asked now. */
export interface TakeOver {
  readonly from: Backend;
  readonly to: Backend;
  /** Why the one before gave no answer; null where it was not asked, since it had failed not long ago. */
  readonly error: PromptError | null;
}

export interface FallbackPlan {
  /** The backend that is wanted, asked or not. */
  readonly wanted: Backend;
  /** Who is asked, in this order. */
  readonly order: readonly [Backend, ...Backend[]];
  /** The request to one of them; may throw PromptError. */
  requestFor(backend: Backend): PromptRequest | Promise<PromptRequest>;
  /** To be told of one that failed, so that it is passed over for a while. */
  failed(backend: Backend, error: PromptError): void;
}

export interface FallbackHandlers extends PromptHandlers {
  readonly onTakeOver?: (takeOver: TakeOver) => void;
}

interface Failed {
  readonly backend: Backend;
  readonly error: PromptError;
}

/** Who answered. */
export interface FallbackResult extends PromptResult {
  readonly backend: Backend;
  readonly standsInFor: StandsInFor | null;
}

/**
 * Sends a prompt to the first backend, and where that is down or busy after all retries, to the next. Whatever else goes
 * wrong (a refused budget, a wrong key, an answer that broke off) ends it.
 * @throws PromptError; where several failed, the first one's with what the others said.
 */
export async function runWithFallback(plan: FallbackPlan, handlers: FallbackHandlers = {}): Promise<FallbackResult> {
  const promptId = randomUUID();
  const { wanted, order } = plan;
  const failures: Failed[] = [];
  let before = wanted;
  for (const backend of order) {
    const isOther = !isSameBackend(backend, wanted);
    if (!isSameBackend(backend, before)) {
      handlers.onTakeOver?.({ from: before, to: backend, error: failures.at(-1)?.error ?? null });
    }
    before = backend;
    try {
      const request = await plan.requestFor(backend);
      const standsInFor: StandsInFor | null = isOther
        ? { ...wanted, why: "failure", budget: null }
        : (request.standsInFor ?? null);
      const result = await runPrompt(
        { ...request, promptId, ...(standsInFor === null ? {} : { standsInFor }) },
        handlers,
      );
      return { ...result, backend, standsInFor };
    } catch (error) {
      // One that takes over may have no key; that is no reason to leave out those after it.
      const isPassedOver = isOther && error instanceof PromptError && error.kind === "key-missing";
      if (!(error instanceof PromptError) || !(isPassedOver || mayTakeOver(error))) {
        throw error;
      }
      failures.push({ backend, error });
      if (!isPassedOver) {
        plan.failed(backend, error);
      }
    }
  }
  throw combined(failures);
}

/** Whether another backend may do better: this one is down, silent or busy, and has said nothing yet. */
export function mayTakeOver({ kind, retryable, partialText, httpStatus }: PromptError): boolean {
  switch (kind) {
    case "rate-limited":
    case "timeout":
    case "connection":
    case "broken-stream":
      return partialText === "";
    case "provider-error":
      return partialText === "" && (retryable || (httpStatus ?? 0) >= 500);
    default:
      return false;
  }
}

/** `failures` are at least one. */
function combined(failures: readonly Failed[]): PromptError {
  const [first, ...others] = failures as [Failed, ...Failed[]];
  const { error } = first;
  if (others.length === 0) {
    return error;
  }
  const rest = others.map((one) => `${backendInWords(one.backend)} did not take over: ${one.error.message}`);
  return new PromptError(error.kind, [error.message, ...rest].join(" "), {
    callId: others.at(-1)?.error.callId ?? error.callId,
    httpStatus: error.httpStatus,
    cause: error,
  });
}
