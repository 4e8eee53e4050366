import assert from "node:assert/strict";
import type { BudgetStatus, Status } from "../../src/domain/api.ts";
import { statusBarText, statusBarTooltip, tightestBudget } from "../../src/extension/statusBarText.ts";
import { inEnglish } from "../../src/extension/translate.ts";

const USD = 1_000_000_000;

function budget(name: string, spentUsd: number, limitUsd: number, more: Partial<BudgetStatus> = {}): BudgetStatus {
  return {
    name,
    window: "month",
    hard: true,
    scope: {},
    warnAt: [0.75, 0.9],
    spentNanoUsd: spentUsd * USD,
    heldNanoUsd: 0,
    limitNanoUsd: limitUsd * USD,
    configuredLimitNanoUsd: limitUsd * USD,
    leftNanoUsd: Math.max(0, limitUsd - spentUsd) * USD,
    state: spentUsd >= limitUsd ? "spent" : "ok",
    windowStart: "2026-11-01T00:00:00Z",
    resetsAt: "2026-12-01T00:00:00Z",
    raised: false,
    raisedUntil: null,
    allowances: 0,
    paused: false,
    pausedUntil: null,
    computeForecast: null,
    ...more,
  };
}

function status(budgets: BudgetStatus[], more: Partial<Status> = {}): Status {
  return {
    version: "1.0.0",
    pid: 1,
    url: "http://127.0.0.1:1",
    dataDir: "/data",
    startedAt: "2026-11-21T00:00:00Z",
    now: "2026-11-21T12:00:00Z",
    timeZone: "UTC",
    budgets,
    heldNanoUsd: 0,
    callsInFlight: 0,
    today: { costNanoUsd: 1.2 * USD, calls: 3 },
    month: { costNanoUsd: 4.1 * USD, calls: 9 },
    topModels: [],
    compute: [],
    notices: [],
    ...more,
  };
}

const shown = (...budgets: BudgetStatus[]) => statusBarText(status(budgets), inEnglish);

describe("status bar text", () => {
  it("shows spent of limit, and looks different from 75%, from 90% and when spent", () => {
    assert.deepEqual(
      [1, 3.74, 3.75, 4.49, 4.5, 4.99, 5, 6].map((spent) => shown(budget("month", spent, 5)).level),
      ["ok", "ok", "warning", "warning", "critical", "critical", "spent", "spent"],
    );
    assert.equal(shown(budget("month", 1, 5)).text, "$(credit-card) $1.00 / $5.00");
    assert.equal(shown(budget("month", 4.6, 5)).text, "$(warning) $4.60 / $5.00 · $0.40 left");
    assert.equal(shown(budget("month", 5, 5)).text, "$(error) $5.00 / $5.00 spent");
  });

  it("says it in words for a screen reader", () => {
    assert.equal(shown(budget("month", 4, 5)).label, "Tollgate: month budget 80% used, warning, $1.00 left of $5.00");
    assert.match(shown(budget("month", 5, 5)).label, /spent.*calls are refused/);
  });

  it("says of a paused budget that it is paused and until when, and not that calls are refused", () => {
    const paused = { paused: true, pausedUntil: "2026-11-21T15:20:00Z" };
    const spent = shown(budget("month", 6, 5, paused));
    assert.equal(spent.text, "$(error) $6.00 / $5.00 spent · paused");
    assert.equal(spent.label, "Tollgate: month budget spent, $6.00 of $5.00; paused, nothing is refused");
    assert.match(shown(budget("month", 1, 5, paused)).label, /\$4\.00 left of \$5\.00; paused/);
    const tooltip = (parts: Partial<BudgetStatus>) =>
      statusBarTooltip(status([budget("month", 6, 5, parts)]), inEnglish);
    assert.match(tooltip(paused), /\*\*month\*\* .* · paused until \w[^\n]* [AP]M\n/);
    assert.match(tooltip({ paused: true }), / · paused until you resume it\n/);
  });

  it("offers in the tooltip what can be done: to allow and to pause where calls are refused, to resume where they are not", () => {
    const offered = (...budgets: BudgetStatus[]) =>
      ["allowOnce", "pauseBudget", "resumeBudget"].filter((id) =>
        statusBarTooltip(status(budgets), inEnglish).includes(`(command:tollgate.${id})`),
      );
    assert.deepEqual(offered(budget("month", 1, 5)), []);
    assert.deepEqual(offered(budget("month", 5, 5)), ["allowOnce", "pauseBudget"]);
    assert.deepEqual(offered(budget("month", 5, 5, { hard: false })), []);
    assert.deepEqual(offered(budget("month", 5, 5, { paused: true })), ["resumeBudget"]);
  });

  it("shows the budget with the largest share spent, and no budget of a single run", () => {
    const budgets = [budget("month", 4, 5), budget("day", 0.9, 1), budget("run-7", 1, 1, { window: "run" })];
    assert.equal(tightestBudget(budgets)?.name, "day");
  });

  it("shows what today costs where there is no budget, and what compute costs an hour while it is up", () => {
    const vllm = {
      provider: "vllm",
      up: true,
      upSince: null,
      hourlyRateUsd: 0.16,
      todayNanoUsd: 0,
      monthNanoUsd: 0,
      detail: "",
      stopCommand: null,
    };
    assert.equal(
      statusBarText(status([], { compute: [vllm] }), inEnglish).text,
      "$(credit-card) $1.20 today · vllm $0.16/h",
    );
    assert.equal(
      statusBarText(status([], { compute: [{ ...vllm, up: false }] }), inEnglish).text,
      "$(credit-card) $1.20 today",
    );
  });

  it("shows names from elsewhere in the tooltip as they are: no links, no commands", () => {
    const topModels = [{ provider: "lab", model: "[x](command:workbench.action.quit)", costNanoUsd: USD, calls: 2 }];
    const tooltip = statusBarTooltip(status([budget("month", 4, 5)], { topModels }), inEnglish);
    assert.doesNotMatch(tooltip, /\[x\]\(command/);
    assert.match(tooltip, /\$4\.00 of \$5\.00 \(80%\).*\$1\.00 left.*resets Dec 1/s);
  });
});
