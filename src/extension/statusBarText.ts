import type { BudgetStatus, ComputeStatus, Status } from "../domain/api.ts";
import { type BudgetLevel, budgetLevel, spentShare } from "../domain/budgetLevel.ts";
import { formatCount, formatMoment, formatPercent, scopeInWords, windowInWords } from "../domain/formats.ts";
import { formatUsd, nanoFromUsd } from "../domain/money.ts";
import { COMMANDS } from "./commandIds.ts";
import { escapeMarkdown } from "./markdown.ts";
import type { Translate } from "./translate.ts";

/** What the status bar item says, apart from how VS Code shows it. */
export interface StatusBarText {
  readonly text: string;
  readonly level: BudgetLevel;
  /** For a screen reader: the same in words. */
  readonly label: string;
}

/** The budget with the largest share spent; of equals, the one with the least left. Budgets of single runs do not count. */
export function tightestBudget(budgets: readonly BudgetStatus[]): BudgetStatus | undefined {
  return budgets
    .filter((budget) => budget.window !== "run")
    .toSorted((a, b) => spentShare(b) - spentShare(a) || a.leftNanoUsd - b.leftNanoUsd)[0];
}

const ICONS: Readonly<Record<BudgetLevel, string>> = {
  ok: "$(credit-card)",
  warning: "$(credit-card)",
  critical: "$(warning)",
  spent: "$(error)",
};

export function statusBarText(status: Status, t: Translate): StatusBarText {
  const budget = tightestBudget(status.budgets);
  const compute = runningCompute(status);
  const hourly = compute.map(({ provider, hourlyRateUsd }) => ` · ${provider} ${hourlyPrice(hourlyRateUsd)}`).join("");
  const hourlyWords = compute
    .map(({ provider, hourlyRateUsd }) =>
      t(", {provider} running at {price} an hour", { provider, price: formatUsd(nanoFromUsd(hourlyRateUsd)) }),
    )
    .join("");
  if (budget === undefined) {
    const today = formatUsd(status.today.costNanoUsd);
    return {
      text: `$(credit-card) ${t("{today} today", { today })}${hourly}`,
      level: "ok",
      label: t("Tollgate: {today} spent today, no budget", { today }) + hourlyWords,
    };
  }
  const level = budgetLevel(budget);
  const spent = formatUsd(budget.spentNanoUsd);
  const limit = formatUsd(budget.limitNanoUsd);
  const left = formatUsd(budget.leftNanoUsd);
  const words = { name: budget.name, percent: formatPercent(spentShare(budget)), left, spent, limit };
  const suffix = level === "spent" ? ` ${t("spent")}` : level === "critical" ? ` · ${t("{left} left", { left })}` : "";
  const pause = budget.paused ? ` · ${t("paused")}` : "";
  const label =
    level === "spent"
      ? t("Tollgate: {name} budget spent, {spent} of {limit}", words)
      : level === "critical"
        ? t("Tollgate: {name} budget {percent} used, critical, only {left} left of {limit}", words)
        : level === "warning"
          ? t("Tollgate: {name} budget {percent} used, warning, {left} left of {limit}", words)
          : t("Tollgate: {name} budget {percent} used, {left} left of {limit}", words);
  const refusals = budget.paused
    ? t("; paused, nothing is refused")
    : level === "spent" && budget.hard
      ? t("; calls are refused")
      : "";
  return {
    text: `${ICONS[level]} ${spent} / ${limit}${suffix}${pause}${hourly}`,
    level,
    label: label + refusals + hourlyWords,
  };
}

/** The tooltip, as Markdown with command links. */
export function statusBarTooltip(status: Status, t: Translate): string {
  const now = Date.parse(status.now);
  const usd = formatUsd;
  const left = status.budgets.filter(({ window }) => window !== "run");
  const lines = [
    `**Tollgate** — ${t("what LLM calls cost")}`,
    "",
    [
      t("**{cost}** today ({calls})", {
        cost: usd(status.today.costNanoUsd),
        calls: callsInWords(status.today.calls, t),
      }),
      t("**{cost}** this month ({calls})", {
        cost: usd(status.month.costNanoUsd),
        calls: callsInWords(status.month.calls, t),
      }),
      t("**{cost}** held", { cost: usd(status.heldNanoUsd) }),
    ].join(" · "),
    "",
  ];
  lines.push(`**${t("Budgets")}**`, "");
  if (left.length === 0) {
    lines.push(`${t("None: nothing is refused.")}  `);
  }
  for (const budget of left) {
    lines.push(`- ${budgetLine(budget, now, t)}`);
  }
  if (status.topModels.length > 0) {
    lines.push("", `**${t("Top models this month")}**`, "");
    for (const { provider, model, costNanoUsd, calls } of status.topModels.slice(0, 3)) {
      lines.push(
        `- ${escapeMarkdown(model)} (${escapeMarkdown(provider)}) — ${usd(costNanoUsd)}, ${callsInWords(calls, t)}`,
      );
    }
  }
  const used = status.compute.filter(({ up, monthNanoUsd }) => up || monthNanoUsd > 0);
  if (used.length > 0) {
    lines.push("", `**${t("Compute by the hour")}**`, "", ...used.map((compute) => `- ${computeLine(compute, t)}`));
  }
  for (const notice of status.notices) {
    lines.push("", `$(warning) ${escapeMarkdown(notice)}`);
  }
  lines.push("", "---", "", links(status, t));
  return lines.join("\n");
}

function budgetLine(budget: BudgetStatus, now: number, t: Translate): string {
  const scope = Object.keys(budget.scope).length === 0 ? "" : ` (${escapeMarkdown(scopeInWords(budget.scope))})`;
  const spent = t("{spent} of {limit} ({percent}) {window}", {
    spent: formatUsd(budget.spentNanoUsd),
    limit: formatUsd(budget.limitNanoUsd),
    percent: formatPercent(spentShare(budget)),
    window: windowInWords(budget.window),
  });
  const parts = [spent, t("{left} left", { left: formatUsd(budget.leftNanoUsd) })];
  if (budget.resetsAt !== null) {
    parts.push(t("resets {when}", { when: formatMoment(Date.parse(budget.resetsAt), now) }));
  }
  if (budget.raised) {
    parts.push(t("raised from {limit}", { limit: formatUsd(budget.configuredLimitNanoUsd) }));
  }
  if (budget.allowances > 0) {
    parts.push(
      budget.allowances === 1 ? t("1 more call allowed") : t("{n} more calls allowed", { n: budget.allowances }),
    );
  }
  if (budget.switchedTo !== undefined) {
    parts.push(t("calls go to {backend}", { backend: escapeMarkdown(budget.switchedTo) }));
  }
  if (budget.paused) {
    parts.push(
      budget.pausedUntil === null
        ? t("paused until you resume it")
        : t("paused until {when}", { when: formatMoment(Date.parse(budget.pausedUntil), now) }),
    );
  }
  return `**${escapeMarkdown(budget.name)}**${scope} ${parts.join(" · ")}`;
}

function computeLine({ provider, up, hourlyRateUsd, todayNanoUsd, monthNanoUsd }: ComputeStatus, t: Translate): string {
  return `${escapeMarkdown(provider)} ${up ? t("is up") : t("is down")} · ${hourlyPrice(hourlyRateUsd)} · ${t(
    "{today} today, {month} this month",
    { today: formatUsd(todayNanoUsd), month: formatUsd(monthNanoUsd) },
  )}`;
}

/** The commands that the tooltip may run. */
export const TOOLTIP_COMMANDS = [
  COMMANDS.ask,
  COMMANDS.showCosts,
  COMMANDS.setBudget,
  COMMANDS.raiseBudget,
  COMMANDS.allowOnce,
  COMMANDS.pauseBudget,
  COMMANDS.resumeBudget,
  COMMANDS.restartSidecar,
  COMMANDS.showLog,
] as const;

function links(status: Status, t: Translate): string {
  const link = (title: string, command: (typeof TOOLTIP_COMMANDS)[number]) => `[${title}](command:${command})`;
  const blocks = (budget: BudgetStatus) => budget.hard && !budget.paused && budgetLevel(budget) === "spent";
  const blocked = status.budgets.some(blocks);
  return [
    link(t("Show Costs"), COMMANDS.showCosts),
    link(t("Ask…"), COMMANDS.ask),
    link(t("Set Budget…"), COMMANDS.setBudget),
    ...(status.budgets.length === 0 ? [] : [link(t("Raise…"), COMMANDS.raiseBudget)]),
    ...(blocked ? [link(t("Allow One More Call"), COMMANDS.allowOnce), link(t("Pause…"), COMMANDS.pauseBudget)] : []),
    ...(status.budgets.some(({ paused }) => paused) ? [link(t("Resume"), COMMANDS.resumeBudget)] : []),
  ].join(" · ");
}

function runningCompute(status: Status): ComputeStatus[] {
  return status.compute.filter(({ up, hourlyRateUsd }) => up && hourlyRateUsd > 0);
}

function callsInWords(n: number, t: Translate): string {
  return n === 1 ? t("1 call") : t("{n} calls", { n: formatCount(n) });
}

function hourlyPrice(hourlyRateUsd: number): string {
  return `${formatUsd(nanoFromUsd(hourlyRateUsd))}/h`;
}
