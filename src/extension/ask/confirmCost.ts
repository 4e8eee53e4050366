import * as vscode from "vscode";
import type { Estimate } from "../../domain/api.ts";
import { formatCount } from "../../domain/formats.ts";
import { setModelPrice } from "../prices/setModelPrice.ts";
import type { Services } from "../services.ts";
import { costLine, isTight } from "./costLine.ts";
import type { Draft } from "./draft.ts";
import { estimateOf } from "./promptBox.ts";

export type Confirmation = "send" | "edit" | "limit" | "model" | "left";

/** Asks once more where the settings want it, or where the user could not see the cost before sending. */
export async function confirmCost(services: Services, draft: Draft, seen: Estimate | null): Promise<Confirmation> {
  const { confirm } = services.settings.current;
  const estimate = seen ?? (await estimateOf(services, draft));
  const budgets = services.sidecar.status?.budgets ?? [];
  // What would be refused is sent to the gate all the same: it says why, and what can be done.
  const needed =
    confirm === "always" ||
    (confirm === "whenTight" && estimate.refusal === null && (seen === null || isTight(estimate, budgets)));
  if (!needed) {
    return "send";
  }
  const isUnknown = estimate.costBasis === "unpriced";
  const answer = await ask(draft, costLine(estimate, budgets, vscode.l10n.t), isUnknown);
  if (answer !== "price") {
    return answer;
  }
  await setModelPrice(services, draft.choice);
  return confirmCost(services, draft, null);
}

async function ask(draft: Draft, cost: string, isUnknown: boolean): Promise<Confirmation | "price"> {
  const t = vscode.l10n.t;
  const items: Array<vscode.QuickPickItem & { answer: Confirmation | "price" }> = [
    { label: t("Send"), detail: cost, answer: "send" },
    ...(isUnknown ? [{ label: t("Set the Model's Price…"), answer: "price" as const }] : []),
    {
      label: t("Change the Output Limit…"),
      description: t("now {n} tokens", { n: formatCount(draft.maxOutputTokens) }),
      answer: "limit",
    },
    { label: t("Another Model…"), description: t("now {model}", { model: draft.choice.model }), answer: "model" },
    { label: t("Edit the Prompt…"), answer: "edit" },
  ];
  const picked = await vscode.window.showQuickPick(items, {
    title: t("Ask {model} ({provider})", draft.choice),
    placeHolder: t("Send this prompt?"),
    ignoreFocusOut: true,
  });
  return picked?.answer ?? "left";
}
