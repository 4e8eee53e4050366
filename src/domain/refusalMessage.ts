import { type WindowKind, windowKindSchema } from "./budget.ts";
import type { Refusal } from "./events.ts";
import { plainUsd } from "./money.ts";

/** Reads as nothing, and keeps what stands on both sides from being taken for one word. */
const WORD_JOINER = "\u2060";

/**
 * What makes clients try again where it stands in a message, even inside an amount or a name: status codes, and the words
 * that pi, opencode, Continue and others look for.
 */
const RETRY_WORDS =
  /429|50[0-9]|52[49]|rate.?limit|rate.?increased|too.?many.?requests|overloaded|time.?out|timed.?out|server.?error|internal.?error|network.?error|connection.?(?:error|refused|reset|lost|closed|was)|econn|etimedout|enotfound|eai.?again|getaddrinfo|exhausted|unavailable|fetch.?failed|failed.?to.?fetch|socket.?hang|other.?side.?closed|upstream.?connect|reset.?before|terminated|provider.?returned|at.?capacity|retry.?delay|retry.?your|try.?(?:your.?request.?)?again|bad.?gateway|insufficient.?quota|usage.?limit/iu;

/** Breaks every such run by a word joiner after its first character, so that it reads the same. */
export function withoutRetryWords(text: string): string {
  let safe = text;
  for (let match = RETRY_WORDS.exec(safe); match !== null; match = RETRY_WORDS.exec(safe)) {
    const at = match.index + 1;
    safe = `${safe.slice(0, at)}${WORD_JOINER}${safe.slice(at)}`;
  }
  return safe;
}

/**
 * Why a call was refused, the amounts, and what can be done, for a person. Times are told by the clock of `timeZone`, an
 * IANA name. It holds nothing that makes a client send the call again.
 */
export function refusalMessage(refusal: Omit<Refusal, "message">, timeZone: string): string {
  return withoutRetryWords(
    sentences(refusal, timeZone)
      .filter((sentence) => sentence !== "")
      .join(" "),
  );
}

function sentences(refusal: Omit<Refusal, "message">, timeZone: string): string[] {
  switch (refusal.reason) {
    case "budget":
      return [
        ...budgetSentences(refusal, timeZone),
        "Raise the budget, allow one call, or use a cheaper or local model or a lower output limit.",
      ];
    case "unpriced":
      return [
        "Nobody knows the price of this model, so Tollgate cannot hold it to a hard budget.",
        refusal.budget === null ? "" : `It falls under the budget "${refusal.budget}".`,
        "Set its price with 'tollgate prices set' or with 'Tollgate: Set Model Price…' in VS Code, set a default price, allow one call, or use a model whose price is known.",
      ];
    case "boundless":
      return [
        "Nobody can tell yet how much work this call orders, so Tollgate cannot hold it to a hard budget.",
        refusal.budget === null ? "" : `It falls under the budget "${refusal.budget}".`,
        "Allow one call, or send the requests of a batch one by one.",
      ];
    case "unmetered":
      return [
        "Tollgate does not know this route of the provider and could not tell what a call costs, so it was not sent.",
        refusal.budget === null ? "" : `It falls under the hard budget "${refusal.budget}".`,
        "Use a route that is metered, such as chat completions or messages, allow one call, or make the budget soft.",
      ];
    case "no-ledger":
      return ["Tollgate cannot write to its ledger, so no call is let through.", "See Tollgate's log for the reason."];
  }
}

function budgetSentences(refusal: Omit<Refusal, "message">, timeZone: string): string[] {
  const { spentNanoUsd: spent, limitNanoUsd: limit, heldNanoUsd: held } = refusal;
  const { worstCaseNanoUsd: worst, neededNanoUsd: needed } = refusal;
  const name = refusal.budget === null ? "The budget" : `The budget "${refusal.budget}"`;
  const left = Math.max(0, limit - spent - held);
  return [
    `${name} ${spent >= limit ? "is spent" : "has too little left for this call"}: ${plainUsd(spent)} of ${plainUsd(limit)} USD ${windowWords(refusal.window)}.`.replace(
      / \.$/,
      ".",
    ),
    held > 0 ? `Calls under way hold ${plainUsd(held)} USD of it, which leaves ${plainUsd(left)} USD.` : "",
    worst === null
      ? ""
      : `This call could cost up to ${plainUsd(worst)} USD${needed === null || needed >= worst ? "" : `, and ${plainUsd(needed)} USD even with a short answer`}.`,
    refusal.resetsAt === null ? "" : `It resets on ${momentIn(refusal.resetsAt, timeZone)}.`,
  ];
}

const WINDOW_WORDS: Readonly<Record<WindowKind, string>> = {
  hour: "used this hour",
  day: "used today",
  week: "used this week",
  month: "used this month",
  total: "used in total",
  run: "used in this run",
};

function windowWords(window: string | null): string {
  const known = windowKindSchema.safeParse(window);
  return known.success ? WINDOW_WORDS[known.data] : "used";
}

const MOMENT: Intl.DateTimeFormatOptions = {
  weekday: "short",
  month: "short",
  day: "numeric",
  year: "numeric",
  hour: "numeric",
  minute: "2-digit",
  timeZoneName: "short",
};

function momentIn(iso: string, timeZone: string): string {
  return new Intl.DateTimeFormat("en-US", { ...MOMENT, timeZone }).format(Date.parse(iso));
}
