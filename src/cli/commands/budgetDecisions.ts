import { type Command, Option } from "commander";
import { userName } from "../../client/userName.ts";
import { LONGEST_PAUSE_MINUTES, USUAL_PAUSE_MINUTES } from "../../domain/api.ts";
import type { RecordedDecision } from "../../domain/events.ts";
import { formatMoment } from "../../domain/formats.ts";
import { formatUsd, nanoFromUsd } from "../../domain/money.ts";
import { amountOf, countOf, minutesOf } from "../arguments.ts";
import { UsageError } from "../exitCode.ts";
import { print, printDone, printJson, terminalWidth } from "../output.ts";
import { type CommonOptions, withSidecar } from "../sidecarAccess.ts";
import { tableLines } from "../table.ts";

const MOST_DECISIONS = 1_000;

interface DecisionFlags extends CommonOptions {
  readonly why?: string;
}

interface PauseFlags extends DecisionFlags {
  readonly for?: string;
  readonly untilResumed?: boolean;
}

/** `budget raise`, `pause`, `resume`, `allow`, and `log`, which tells them again. */
export function addDecisions(budget: Command): void {
  const decision = (name: string, description: string, example: string) =>
    budget
      .command(name)
      .description(`${description} Recorded with who did it and why.`)
      .argument("<budget>", "its name")
      .option("--why <text>", "reason, for the record")
      .addHelpText("after", `\nExample:\n  tollgate budget ${example}`);
  decision("raise", "Raises a budget's limit until its window ends.", 'raise month 80 --why "release week"')
    .argument("<usd>", "the limit that is to hold")
    .action((name: string, usd: string, flags: DecisionFlags) => raise(name, amountOf(usd, "usd"), flags));
  decision("pause", "Has a hard budget refuse nothing for a while: it only counts and warns.", "pause month --for 2h")
    .option("--for <span>", `how long: 90m, 2h, 1d (default: ${USUAL_PAUSE_MINUTES}m)`)
    .addOption(new Option("--until-resumed", "until it is resumed").conflicts("for"))
    .action((name: string, flags: PauseFlags) => pause(name, flags));
  decision("resume", "Ends a pause: the budget refuses again what does not fit.", "resume month").action(
    async (name: string, flags: DecisionFlags) => {
      const decided = await withSidecar(flags, (api) => api.decide(name, { kind: "resume", ...deciderOf(flags) }));
      printDone(flags, decided, `The budget ${name} is not paused any more`);
    },
  );
  decision("allow", "Lets one more call pass a budget that has no room for it.", "allow month").action(
    async (name: string, flags: DecisionFlags) => {
      const decided = await withSidecar(flags, (api) => api.decide(name, { kind: "allow-once", ...deciderOf(flags) }));
      printDone(flags, decided, `One more call may pass the budget ${name}`);
    },
  );
  budget
    .command("log")
    .description("Tells who decided what about budgets, when and why, newest first.")
    .option("--limit <n>", "how many decisions", "50")
    .addHelpText("after", "\nExample:\n  tollgate budget log --limit 10")
    .action(async (flags: CommonOptions & { readonly limit: string }) => {
      const limit = countOf(flags.limit, "--limit", MOST_DECISIONS);
      const decisions = await withSidecar(flags, (api) => api.decisions(limit));
      if (flags.json) {
        printJson({ decisions });
        return;
      }
      for (const line of decisionLines(decisions, Date.now(), terminalWidth())) {
        print(line);
      }
    });
}

async function raise(name: string, limitUsd: number, flags: DecisionFlags): Promise<void> {
  const limit = nanoFromUsd(limitUsd);
  const decided = await withSidecar(flags, async (api) => {
    const budget = (await api.status()).budgets.find((one) => one.name === name);
    if (budget !== undefined && limit <= budget.limitNanoUsd) {
      throw new UsageError(`usd: the limit of ${name} is ${formatUsd(budget.limitNanoUsd)} already`);
    }
    return api.decide(name, { kind: "raise", limitUsd, ...deciderOf(flags) });
  });
  const until = decided.until === null ? "" : ` until ${formatMoment(decided.until, Date.now())}`;
  printDone(flags, decided, `The budget ${name} is raised to ${formatUsd(limit)}${until}`);
}

async function pause(name: string, flags: PauseFlags): Promise<void> {
  const span = flags.for ?? `${USUAL_PAUSE_MINUTES}m`;
  const minutes = flags.untilResumed === true ? null : minutesOf(span, "--for", LONGEST_PAUSE_MINUTES);
  const decided = await withSidecar(flags, (api) => api.decide(name, { kind: "pause", minutes, ...deciderOf(flags) }));
  const until = decided.until === null ? "it is resumed" : formatMoment(decided.until, Date.now());
  printDone(flags, decided, `The budget ${name} is paused until ${until}: it counts and warns, and refuses nothing`);
}

/** Who decides, and why, for the record. */
function deciderOf({ why }: DecisionFlags): { by: string; why: string | null } {
  return { by: userName() ?? "command line", why: why ?? null };
}

/** Decisions, one a line. `now` is ms since the epoch. */
export function decisionLines(decisions: readonly RecordedDecision[], now: number, width: number): string[] {
  if (decisions.length === 0) {
    return ["No decision is recorded."];
  }
  return tableLines(
    [
      { title: "WHEN" },
      { title: "WHO", mayShrink: true, rank: 1 },
      { title: "BUDGET", mayShrink: true },
      { title: "WHAT" },
      { title: "WHY", mayShrink: true, rank: 2 },
    ],
    decisions.map((decision) => [
      formatMoment(decision.at, now),
      decision.by,
      decision.budget,
      whatWasDecided(decision, now),
      decision.why ?? "",
    ]),
    width,
  );
}

function whatWasDecided({ kind, limitNanoUsd, until }: RecordedDecision, now: number): string {
  const end = until === null ? null : formatMoment(until, now);
  switch (kind) {
    case "raise":
      return `raised to ${formatUsd(limitNanoUsd ?? 0)}${end === null ? "" : ` until ${end}`}`;
    case "allow-once":
      return "one more call allowed";
    case "pause":
      return `paused until ${end ?? "resumed"}`;
    case "resume":
      return "resumed";
  }
}
