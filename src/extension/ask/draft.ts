import type { Question } from "./question.ts";
import type { ModelChoice } from "./recentModels.ts";

/** A prompt on its way: everything that is needed to send it, or to send it again. Kept in memory only. */
export interface Draft extends Question {
  readonly choice: ModelChoice;
  readonly maxOutputTokens: number;
}
