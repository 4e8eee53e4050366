import type { Services } from "../services.ts";
import { confirmCost } from "./confirmCost.ts";
import type { Draft } from "./draft.ts";
import { addMissingKey, afterFailure, afterRefusal, afterWrongKey, type NextStep } from "./failures.ts";
import { pickModel } from "./pickModel.ts";
import { askOutputLimit, askPrompt } from "./promptBox.ts";
import type { Excerpt, Question } from "./question.ts";
import { type ModelChoice, rememberModel } from "./recentModels.ts";
import type { RunningPrompts } from "./runningPrompts.ts";
import { sendPrompt } from "./sendPrompt.ts";

type Step = "model" | "key" | "prompt" | "confirm" | "send" | "left" | "done";

/** From a question to its answer: model, prompt, cost, call, and back to any of these until it has been answered. */
export class AskFlow {
  readonly #services: Services;
  readonly #running: RunningPrompts;
  readonly #excerpt: Excerpt | null;
  #prompt: string;
  #choice: ModelChoice | undefined;
  #maxOutputTokens: number;
  #seen: Parameters<typeof confirmCost>[2] = null;

  /** With a choice it begins at the prompt. */
  constructor(services: Services, running: RunningPrompts, question: Question, choice?: ModelChoice) {
    this.#services = services;
    this.#running = running;
    this.#prompt = question.prompt;
    this.#excerpt = question.excerpt;
    this.#choice = choice;
    this.#maxOutputTokens = services.settings.current.maxOutputTokens;
  }

  /** The question that is still to be answered; null where it was answered. */
  async run(): Promise<Question | null> {
    let step: Step = this.#choice === undefined ? "model" : "key";
    while (step !== "left" && step !== "done") {
      step = await this.#take(step);
    }
    return step === "done" || this.#prompt.trim() === "" ? null : { prompt: this.#prompt, excerpt: this.#excerpt };
  }

  get question(): Question {
    return { prompt: this.#prompt, excerpt: this.#excerpt };
  }

  #take(step: Exclude<Step, "left" | "done">): Promise<Step> {
    switch (step) {
      case "model":
        return this.#pickModel();
      case "key":
        return this.#addKey();
      case "prompt":
        return this.#askPrompt();
      case "confirm":
        return this.#confirm();
      case "send":
        return this.#send();
    }
  }

  async #pickModel(): Promise<Step> {
    const choice = await pickModel(this.#services);
    if (choice === undefined) {
      return "left";
    }
    this.#choice = choice;
    return "key";
  }

  async #addKey(): Promise<Step> {
    return (await addMissingKey(this.#services, this.#draft().choice)) ? "prompt" : "left";
  }

  async #askPrompt(): Promise<Step> {
    const answer = await askPrompt(this.#services, this.#draft());
    this.#prompt = answer.prompt;
    switch (answer.kind) {
      case "send":
        this.#seen = answer.estimate;
        return "confirm";
      case "limit":
        return this.#changeLimit("prompt");
      case "back":
        return "model";
      case "left":
        return "left";
    }
  }

  async #confirm(): Promise<Step> {
    const confirmation = await confirmCost(this.#services, this.#draft(), this.#seen);
    switch (confirmation) {
      case "send":
        await rememberModel(this.#services.context.globalState, this.#draft().choice);
        return "send";
      case "limit":
        return this.#changeLimit("prompt");
      case "edit":
        return "prompt";
      case "model":
        return "model";
      case "left":
        return "left";
    }
  }

  async #changeLimit(then: Step): Promise<Step> {
    this.#maxOutputTokens = (await askOutputLimit(this.#maxOutputTokens)) ?? this.#maxOutputTokens;
    return then;
  }

  async #send(): Promise<Step> {
    const draft = this.#draft();
    const result = await sendPrompt(this.#services, this.#running, draft);
    switch (result.kind) {
      case "done":
        return "done";
      case "cancelled":
        return "left";
      case "refused":
        return stepFor(await afterRefusal(this.#services, draft.choice, result));
      case "key":
        return stepFor(await afterWrongKey(this.#services, draft.choice, result.message));
      case "failed":
        return stepFor(await afterFailure(result.message));
    }
  }

  #draft(): Draft {
    if (this.#choice === undefined) {
      throw new Error("A model has to be picked first");
    }
    return {
      prompt: this.#prompt,
      excerpt: this.#excerpt,
      choice: this.#choice,
      maxOutputTokens: this.#maxOutputTokens,
    };
  }
}

function stepFor(next: NextStep): Step {
  return next === "again" ? "send" : next === "model" ? "model" : "left";
}
