import type { Call } from "../../domain/call.ts";
import { formatCount, formatDuration } from "../../domain/formats.ts";
import { formatUsd } from "../../domain/money.ts";
import type { Translate } from "../translate.ts";

const LONGEST_QUOTED_PROMPT = 2_000;

/** What stands at the head of an answer. */
export interface Head {
  readonly provider: string;
  readonly model: string;
  readonly prompt: string;
  /** Why it is not the model that was picked, in words; null where it is. */
  readonly takeOver: string | null;
}

/** The head of an answer: which model was asked, and what. */
export function answerHead({ provider, model, prompt, takeOver }: Head): string {
  const shown = prompt.length > LONGEST_QUOTED_PROMPT ? `${prompt.slice(0, LONGEST_QUOTED_PROMPT)}…` : prompt;
  const quoted = shown
    .trim()
    .split(/\r?\n/)
    .map((line) => (line === "" ? ">" : `> ${line}`))
    .join("\n");
  const announced = takeOver === null ? "" : `**${takeOver}**\n\n`;
  return `# ${model} (${provider})\n\n${quoted}\n\n${announced}`;
}

/** How a prompt ended, as far as the ledger's record does not say it. */
export interface Outcome {
  /** The call as booked; null where the sidecar did not tell. */
  readonly call: Call | null;
  /** The output limit that the gate wrote into the request, and the one that was asked for; null where it wrote none. */
  readonly clamped: { readonly from: number; readonly to: number } | null;
  /** Why the answer is not whole, in words; null where it is. */
  readonly trouble: string | null;
}

/** What stands below an answer: what it cost, of which tokens, and how long it took. */
export function answerFoot({ call, clamped, trouble }: Outcome, t: Translate): string {
  const lines: string[] = [];
  if (trouble !== null) {
    lines.push(`**${trouble}**`);
  }
  if (call === null) {
    lines.push(t("Cost: not known yet. The cost panel shows it once the call is booked."));
  } else {
    lines.push(`${t("Cost")}: **${costInWords(call, t)}** · ${timesInWords(call, t)}`);
    lines.push(`${t("Tokens")}: ${tokensInWords(call, t)}`);
    lines.push(`${t("Model")}: ${modelInWords(call, t)}`);
  }
  if (clamped !== null) {
    lines.push(
      t("The output limit was lowered from {from} to {to} tokens: the budget had no room for more.", {
        from: formatCount(clamped.from),
        to: formatCount(clamped.to),
      }),
    );
  }
  return `\n\n---\n\n${lines.join("  \n")}\n`;
}

export function costInWords(call: Call, t: Translate): string {
  const amount = formatUsd(call.costNanoUsd);
  if (call.costBasis === "unpriced") {
    return t("unknown: no price is known for this model");
  }
  if (call.costBasis === "free") {
    return t("nothing: this provider is free");
  }
  if (call.costBasis === "compute-hour" && call.costNanoUsd === 0) {
    return t("none of its own: this server is paid by the hour");
  }
  if (call.usageBasis === "none") {
    return t("{amount}, the provider reported no usage", { amount });
  }
  const about =
    call.usageBasis === "estimated" || call.status === "interrupted" ? t("about {amount}", { amount }) : amount;
  if (call.costBasis === "default") {
    return t("{amount} at your default price: nobody has priced this model", { amount: about });
  }
  return call.costBasis === "compute-hour" ? t("{amount} as a share of its compute hour", { amount: about }) : about;
}

function timesInWords(call: Call, t: Translate): string {
  const total = formatDuration(call.latencyMs);
  return call.firstTokenMs === null
    ? total
    : t("{total}, first token after {first}", { total, first: formatDuration(call.firstTokenMs) });
}

function tokensInWords({ usage, usageBasis }: Call, t: Translate): string {
  const count = (n: number) => formatCount(n);
  const cacheWrites = usage.cacheWrite5mTokens + usage.cacheWrite1hTokens;
  const input = [
    ...(usage.cachedInputTokens > 0 ? [t("{n} cached", { n: count(usage.cachedInputTokens) })] : []),
    ...(cacheWrites > 0 ? [t("{n} written to the cache", { n: count(cacheWrites) })] : []),
  ];
  const output = usage.reasoningTokens > 0 ? [t("{n} reasoning", { n: count(usage.reasoningTokens) })] : [];
  const side = (text: string, parts: string[]) => (parts.length === 0 ? text : `${text} (${parts.join(", ")})`);
  const parts = [
    side(t("{n} in", { n: count(usage.inputTokens) }), input),
    side(t("{n} out", { n: count(usage.outputTokens) }), output),
    ...(usage.webSearches > 0 ? [t("{n} web searches", { n: usage.webSearches })] : []),
  ];
  return parts.join(" · ") + (usageBasis === "estimated" ? t(", counted by Tollgate") : "");
}

function modelInWords(call: Call, t: Translate): string {
  const { standsInFor } = call;
  const served = `${call.model} (${call.provider})`;
  if (standsInFor !== undefined) {
    const { model, provider } = standsInFor;
    return t("{served}, in place of {model} ({provider})", { served, model, provider });
  }
  return call.model === call.requestedModel || call.requestedModel === ""
    ? served
    : t("{served}, asked for as {requested}", { served, requested: call.requestedModel });
}
