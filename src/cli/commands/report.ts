import { type Command, Option } from "commander";
import { type Summary, type SummaryBy, type SummaryGroup, summaryBySchema } from "../../domain/api.ts";
import { formatCount, formatDuration, formatTokens } from "../../domain/formats.ts";
import { formatUsd } from "../../domain/money.ts";
import { momentOf } from "../arguments.ts";
import { computeLines } from "../computeTable.ts";
import { UsageError } from "../exitCode.ts";
import { print, printJson, terminalWidth } from "../output.ts";
import { type CommonOptions, withSidecar } from "../sidecarAccess.ts";
import { tableLines } from "../table.ts";

interface ReportFlags extends CommonOptions {
  readonly by: SummaryBy;
  readonly since?: string;
  readonly until?: string;
  readonly compute?: boolean;
  readonly compareWith?: string;
}

const EXAMPLES = `
Examples:
  tollgate report --by project --since 7d
  tollgate report --by day --since 2026-11-01 --until 2026-11-30 --json
  tollgate report --compute --compare-with openai/gpt-5-mini`;

export function addReport(program: Command): void {
  program
    .command("report")
    .summary("spend, calls and tokens in groups")
    .description("Shows what was spent, on how many calls and tokens.")
    .addOption(new Option("--by <group>", "what to group by").choices(summaryBySchema.options).default("model"))
    .option("--since <time>", "from this day, time, or so long ago: 2026-11-21, 2026-11-21T08:00, 7d")
    .option("--until <time>", "up to this time; a day is taken whole")
    .option("--compute", "servers that cost by the hour: hours, idle time, cost of a million tokens")
    .option("--compare-with <model>", "with --compute: from how many tokens a day they beat a model, openai/gpt-5-mini")
    .addHelpText("after", EXAMPLES)
    .action(async (flags: ReportFlags) => {
      const now = Date.now();
      if (flags.compute) {
        return reportCompute(flags, now);
      }
      if (flags.compareWith !== undefined) {
        throw new UsageError("--compare-with is for --compute");
      }
      const query = {
        by: flags.by,
        ...(flags.since === undefined ? {} : { from: momentOf(flags.since, "--since", now) }),
        ...(flags.until === undefined ? {} : { to: momentOf(flags.until, "--until", now) }),
      };
      const summary = await withSidecar(flags, (api) => api.summary(query));
      if (flags.json) {
        printJson(summary);
      } else {
        for (const line of reportLines(summary, terminalWidth())) {
          print(line);
        }
      }
    });
}

async function reportCompute(flags: ReportFlags, now: number): Promise<void> {
  const { since, until, compareWith } = flags;
  const report = await withSidecar(flags, (api) =>
    api.compute({
      ...(since === undefined ? {} : { from: momentOf(since, "--since", now) }),
      ...(until === undefined ? {} : { to: momentOf(until, "--until", now) }),
      ...(compareWith === undefined ? {} : { compareWith }),
    }),
  );
  if (flags.json) {
    printJson(report);
    return;
  }
  for (const line of computeLines(report, terminalWidth())) {
    print(line);
  }
}

function reportLines(summary: Summary, width: number): string[] {
  const { total, groups, computeNanoUsd, by } = summary;
  if (total.calls === 0 && total.refused === 0 && computeNanoUsd === 0) {
    return ["No calls were booked in that time."];
  }
  const withProvider = by === "model";
  const withShares = total.computeShareNanoUsd > 0;
  const provider = (group: SummaryGroup) => (withProvider ? [group.provider ?? ""] : []);
  const mark = ({ unpricedCalls }: SummaryGroup) => (unpricedCalls > 0 ? " *" : total.unpricedCalls > 0 ? "  " : "");
  const row = (group: SummaryGroup, key: string) => [
    key,
    ...provider(group),
    formatCount(group.calls),
    formatCount(group.errors),
    formatCount(group.refused),
    formatTokens(group.inputTokens),
    formatTokens(group.cachedInputTokens),
    formatTokens(group.outputTokens),
    group.averageLatencyMs === null ? "–" : formatDuration(group.averageLatencyMs),
    formatUsd(group.costNanoUsd) + mark(group),
    ...(withShares ? [formatUsd(group.computeShareNanoUsd)] : []),
  ];
  const lines = tableLines(
    [
      { title: by.toUpperCase().replace("-", " "), mayShrink: true },
      ...(withProvider ? [{ title: "PROVIDER", mayShrink: true, rank: 1 }] : []),
      { title: "CALLS", right: true },
      { title: "ERRORS", right: true, rank: 5 },
      { title: "REFUSED", right: true, rank: 4 },
      { title: "INPUT", right: true, rank: 3 },
      { title: "CACHED", right: true, rank: 6 },
      { title: "OUTPUT", right: true, rank: 2 },
      { title: "AVERAGE", right: true, rank: 7 },
      { title: "COST", right: true },
      ...(withShares ? [{ title: "OF HOURS", right: true, rank: 8 }] : []),
    ],
    [...groups.map((group) => row(group, group.key === "" ? "(none)" : group.key)), row(total, "total")],
    width,
  );
  return [
    ...lines,
    ...(computeNanoUsd > 0 ? [`The total includes ${formatUsd(computeNanoUsd)} of compute by the hour.`] : []),
    ...(withShares ? ["OF HOURS is what calls have of that compute; the rest was idle. It is no further cost."] : []),
    ...(total.unpricedCalls > 0
      ? [`* The price of ${calls(total.unpricedCalls)} is unknown and counts as nothing here.`]
      : []),
    ...(total.estimatedCalls > 0
      ? [`The tokens of ${calls(total.estimatedCalls)} are estimated: the providers reported none.`]
      : []),
  ];
}

function calls(count: number): string {
  return `${formatCount(count)} ${count === 1 ? "call" : "calls"}`;
}
