import * as vscode from "vscode";
import type { BudgetLevel } from "../domain/budgetLevel.ts";
import { COMMANDS } from "./commandIds.ts";
import type { Contribution } from "./contribution.ts";
import type { SidecarState } from "./sidecarView.ts";
import { statusBarText, statusBarTooltip, TOOLTIP_COMMANDS } from "./statusBarText.ts";

/** Budgets belong to the whole window, so the item stands on the left, after those of source control. */
const PRIORITY = 40;

const BACKGROUNDS: Readonly<Record<BudgetLevel, string | undefined>> = {
  ok: undefined,
  warning: "statusBarItem.warningBackground",
  critical: "statusBarItem.warningBackground",
  spent: "statusBarItem.errorBackground",
};

export const statusBar: Contribution = {
  name: "status bar",
  activate({ sidecar, settings, contextKeys }) {
    const item = vscode.window.createStatusBarItem("tollgate.budget", vscode.StatusBarAlignment.Left, PRIORITY);
    item.name = vscode.l10n.t("Tollgate Budget");
    item.command = COMMANDS.showCosts;
    const update = () => {
      const budgets = sidecar.status?.budgets ?? [];
      contextKeys.set("tollgate.hasBudget", budgets.length > 0);
      contextKeys.set(
        "tollgate.budgetPaused",
        budgets.some(({ paused }) => paused),
      );
      if (!settings.current.statusBarVisible) {
        item.hide();
        return;
      }
      show(item, sidecar.state);
      item.show();
    };
    update();
    return vscode.Disposable.from(item, sidecar.onDidChange(update), settings.onDidChange(update));
  },
};

function show(item: vscode.StatusBarItem, state: SidecarState): void {
  const t = vscode.l10n.t;
  if (state.kind === "failed") {
    item.text = `$(error) ${t("Tollgate is down")}`;
    item.backgroundColor = new vscode.ThemeColor("statusBarItem.errorBackground");
    item.accessibilityInformation = {
      label: t("Tollgate: the sidecar is not running, calls are refused. {reason}", { reason: state.reason }),
    };
    const tooltip = markdown();
    tooltip.appendMarkdown(`**${t("The sidecar is not running, so calls are refused.")}**\n\n`);
    tooltip.appendText(state.reason);
    tooltip.appendMarkdown(
      `\n\n[${t("Restart Sidecar")}](command:${COMMANDS.restartSidecar}) · [${t("Show Log")}](command:${COMMANDS.showLog})`,
    );
    item.tooltip = tooltip;
    return;
  }
  if (state.status === undefined) {
    item.text = `$(loading~spin) ${t("Tollgate")}`;
    item.backgroundColor = undefined;
    item.accessibilityInformation = { label: t("Tollgate is starting") };
    item.tooltip = t("Tollgate is starting");
    return;
  }
  const { text, level, label } = statusBarText(state.status, t);
  const color = BACKGROUNDS[level];
  item.text = text;
  item.backgroundColor = color === undefined ? undefined : new vscode.ThemeColor(color);
  item.accessibilityInformation = { label, role: "button" };
  item.tooltip = markdown().appendMarkdown(statusBarTooltip(state.status, t));
}

function markdown(): vscode.MarkdownString {
  const text = new vscode.MarkdownString("", true);
  text.isTrusted = { enabledCommands: TOOLTIP_COMMANDS };
  return text;
}
