import type { Call } from "../../domain/call.ts";
import type { Refusal } from "../../domain/events.ts";
import { formatMoment } from "../../domain/formats.ts";
import { formatUsd } from "../../domain/money.ts";
import { isRun } from "../../domain/run.ts";
import type { Translate } from "../translate.ts";

/** Characters of a name that a message has room for. */
const LONGEST_NAME = 60;

/** Who was stopped, by what, and why, in a sentence or two. `now` is ms since the epoch. */
export function stopInWords(
  call: Pick<Call, "tool" | "project" | "requestedModel">,
  refusal: Refusal,
  now: number,
  t: Translate,
): string {
  const tool = plain(call.tool ?? "") || t("A program");
  const who = call.project === null ? tool : t("{tool} (project {project})", { tool, project: plain(call.project) });
  const name = refusal.budget ?? "";
  const budget = isRun(name) ? t("the budget of its run") : t("the {name} budget", { name });
  const words = {
    who,
    budget,
    model: plain(call.requestedModel),
    spent: formatUsd(refusal.spentNanoUsd),
    limit: formatUsd(refusal.limitNanoUsd),
    left: formatUsd(Math.max(0, refusal.limitNanoUsd - refusal.spentNanoUsd - refusal.heldNanoUsd)),
    needed: formatUsd(refusal.neededNanoUsd ?? 0),
  };
  const { reason, resetsAt } = refusal;
  if (reason !== "budget") {
    return reason === "unpriced"
      ? t("{who} was stopped by {budget}: nobody knows the price of {model}.", words)
      : t("{who} was stopped by {budget}: nobody can tell what its call would cost.", words);
  }
  const why =
    refusal.spentNanoUsd >= refusal.limitNanoUsd || refusal.neededNanoUsd === null
      ? t("{who} was stopped by {budget}: {spent} of {limit} is spent.", words)
      : t("{who} was stopped by {budget}: {left} of {limit} is left, and its call needs {needed}.", words);
  return resetsAt === null
    ? why
    : `${why} ${t("It resets {when}.", { when: formatMoment(Date.parse(resetsAt), now) })}`;
}

/** A name from elsewhere, such as a folder's: in a message of VS Code, brackets could make a link of it. */
function plain(name: string): string {
  const text = name
    .replace(/[[\]()]/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  return text.length > LONGEST_NAME ? `${text.slice(0, LONGEST_NAME - 1)}…` : text;
}
