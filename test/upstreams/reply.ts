import type { Behaviour } from "./script.ts";

/** What a simulated provider answers, before its script's faults are applied on the way out. */
export type Reply = {
  status: number;
  headers: Record<string, string>;
  /** A whole body, as text or as bytes, or the events of a stream, each with its closing blank line. */
  content: string | Buffer | string[];
  /** What garbles the sending of this reply. */
  behaviour: Behaviour;
};

/** A reply that is sent as it stands. */
export const plain = (
  status: number,
  content: string,
  contentType: string,
  headers: Record<string, string> = {},
): Reply => ({ status, headers: { "content-type": contentType, ...headers }, content, behaviour: {} });

/** The body of a scripted error: its own, a string as it is, else the provider's. */
export const errorBody = (error: NonNullable<Behaviour["error"]>, usual: string): string => {
  if (error.body === undefined) return usual;
  return typeof error.body === "string" ? error.body : JSON.stringify(error.body);
};

/** 429 and 529 say when to come back: after one second, if the script names no other time. */
export const retryAfterOf = (error: NonNullable<Behaviour["error"]>): number | undefined =>
  error.retryAfterSeconds ?? (error.status === 429 || error.status === 529 ? 1 : undefined);

/** Puts an error event after the given number of events, where a script asks for it. */
export const withErrorAfter = (events: string[], behaviour: Behaviour, errorEvent: string): string[] =>
  behaviour.errorAfter === undefined ? events : [...events.slice(0, behaviour.errorAfter), errorEvent];
