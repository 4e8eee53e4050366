import { createHash } from "node:crypto";
import type { Attribution } from "../../domain/budget.ts";

/** Cuts that are remembered; the oldest is forgotten first. */
const MOST_REMEMBERED = 200;

/** Where the protocols have their prompts. A client that repeats a call may change all else: its limit, its wish for a stream. */
const PROMPT_MEMBERS = [
  "system",
  "messages",
  "prompt",
  "instructions",
  "input",
  "systemInstruction",
  "contents",
  "message",
];

/**
 * Calls whose answers were cut, because the provider did not keep to the output limit that was held. Some clients send the same
 * prompt again at once. A lowered limit would hold it no better than before, so it has to fit into the budget as it is.
 */
export class CutCalls {
  /** Whose they were, by the hash of what was asked. */
  readonly #cut = new Map<string, string>();

  note(caller: Attribution, body: Buffer): void {
    const prompt = hashOf(body);
    this.#cut.delete(prompt);
    this.#cut.set(prompt, nameOf(caller));
    const [oldest] = this.#cut.keys();
    if (this.#cut.size > MOST_REMEMBERED && oldest !== undefined) {
      this.#cut.delete(oldest);
    }
  }

  /** Whether this is such a call. Bodies are looked into only where the caller had one cut. */
  has(caller: Attribution, body: Buffer): boolean {
    if (this.#cut.size === 0) {
      return false;
    }
    const name = nameOf(caller);
    return [...this.#cut.values()].includes(name) && this.#cut.get(hashOf(body)) === name;
  }

  /** There was room for it: what comes of it is seen anew. */
  forget(body: Buffer): void {
    this.#cut.delete(hashOf(body));
  }
}

function nameOf({ provider, model, project, tool, user, tags }: Attribution): string {
  return JSON.stringify([provider, model, project, tool, user, tags]);
}

function hashOf(body: Buffer): string {
  return createHash("sha256").update(promptOf(body)).digest("base64");
}

/** The whole body where no prompt is found in it. */
function promptOf(body: Buffer): Buffer | string {
  try {
    const members = JSON.parse(body.toString("utf8")) as Record<string, unknown>;
    const found = PROMPT_MEMBERS.map((name) => members[name] ?? null);
    return found.every((one) => one === null) ? body : JSON.stringify(found);
  } catch {
    return body;
  }
}
