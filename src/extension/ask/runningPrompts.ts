import type { ContextKeys } from "../contextKeys.ts";

interface Running {
  readonly controller: AbortController;
  /** The document that takes the answer, once there is one. */
  answer: string | undefined;
}

/** The prompts of this window that are under way. */
export class RunningPrompts {
  readonly #contextKeys: ContextKeys;
  readonly #running = new Set<Running>();

  constructor(contextKeys: ContextKeys) {
    this.#contextKeys = contextKeys;
  }

  add(): Running {
    const running: Running = { controller: new AbortController(), answer: undefined };
    this.#running.add(running);
    this.#contextKeys.set("tollgate.promptRunning", true);
    return running;
  }

  remove(running: Running): void {
    this.#running.delete(running);
    this.#contextKeys.set("tollgate.promptRunning", this.#running.size > 0);
  }

  /** Cancels the prompt whose answer is given, else the one that was sent last. */
  cancel(answer?: string): void {
    const all = [...this.#running];
    (all.find((running) => running.answer === answer && answer !== undefined) ?? all.at(-1))?.controller.abort();
  }

  cancelAll(): void {
    for (const { controller } of this.#running) {
      controller.abort();
    }
  }
}
