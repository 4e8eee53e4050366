import * as vscode from "vscode";
import type { ApiClient } from "../../client/apiClient.ts";
import { estimatesOf } from "../../client/estimateBatch.ts";
import type { Estimates, Model, ModelEstimate } from "../../domain/modelApi.ts";
import { keyIsOptional } from "../keys/apiKeys.ts";
import type { Services } from "../services.ts";
import { caller } from "./caller.ts";
import { comparedSubject, type Subject } from "./comparedSubject.ts";
import { cheapestFirst, comparisonDocument, costInWords, tokensInWords } from "./comparison.ts";
import { abilitiesInWords } from "./modelWords.ts";
import type { Question } from "./question.ts";
import { type ModelChoice, recentModels } from "./recentModels.ts";

/** Models that are compared at once: more than fit on any screen. */
const MOST_MODELS = 200;

interface CostItem extends vscode.QuickPickItem {
  readonly choice?: ModelChoice;
}

/** A question with the model that it is to be put to. */
export type Chosen = Question & { readonly choice: ModelChoice };

/**
 * Shows what the selection, a typed prompt, a file or the prompts in it would cost on every model at hand. Gives the model
 * that the user picks to ask it; undefined where the user leaves, or takes the table. A batch has only the table.
 */
export async function compareCost(services: Services): Promise<Chosen | undefined> {
  const t = vscode.l10n.t;
  const subject = await comparedSubject();
  if (subject === undefined) {
    return undefined;
  }
  const { maxOutputTokens } = services.settings.current;
  const api = await services.sidecar.api();
  const { estimates, models } = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: t("Counting tokens") },
    async () => {
      const candidates = await modelsAtHand(services, api);
      const named = candidates.map(({ provider, model }) => ({ provider, model }));
      const estimates = await estimatesOf(api, { models: named, maxOutputTokens, caller: caller() }, subject.texts);
      return { estimates, models: candidates };
    },
  );
  const picked = await pickByCost(services, estimates, models, subject);
  if (picked === undefined) {
    return undefined;
  }
  if (picked !== "table" && subject.question !== null) {
    return { ...subject.question, choice: picked };
  }
  const table = comparisonDocument(estimates, subject.name, maxOutputTokens, t);
  // A table wants the width.
  (await services.answers.open(t("Costs"), table, vscode.ViewColumn.Active)).finish();
  return undefined;
}

/** Models that can be asked at once: of providers whose key is there, or that need none; of all where that is none. */
async function modelsAtHand({ keys }: Services, api: ApiClient): Promise<Model[]> {
  const [providers, models] = await Promise.all([api.providers(), api.models()]);
  const usable = await Promise.all(
    providers.map(async (info) =>
      keyIsOptional(info) || (await keys.find(info.name)) !== undefined ? [info.name] : [],
    ),
  );
  const names = usable.flat();
  const ours = models.filter(({ provider }) => names.includes(provider));
  const all = (ours.length > 0 ? ours : models).filter(({ costBasis }) => costBasis !== "unpriced");
  if (all.length === 0) {
    throw new Error(vscode.l10n.t("There is no model whose price is known."));
  }
  return all.slice(0, MOST_MODELS);
}

async function pickByCost(
  { context }: Services,
  { estimates }: Estimates,
  models: readonly Model[],
  { name, question }: Subject,
): Promise<ModelChoice | "table" | undefined> {
  const t = vscode.l10n.t;
  const table: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("table"), tooltip: t("Open as a Table") };
  const pick = vscode.window.createQuickPick<CostItem>();
  pick.title = t("Cost of {subject}", { subject: name });
  pick.placeholder = question === null ? t("Pick one to open them as a table") : t("Pick a model to ask it");
  pick.buttons = [table];
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  const item = (one: ModelEstimate): CostItem => {
    const model = models.find(({ provider, model: name }) => provider === one.provider && name === one.model);
    const about = model === undefined ? "" : abilitiesInWords(model, t);
    return {
      label: one.model,
      description: `${one.provider} · ${costInWords(one, t)}`,
      detail: [tokensInWords(one, t), ...(about === "" ? [] : [about])].join(" · "),
      choice: { provider: one.provider, model: one.model },
    };
  };
  const sorted = cheapestFirst(estimates);
  const recent = recentModels(context.globalState);
  const isRecent = (one: ModelEstimate) =>
    recent.some(({ provider, model }) => provider === one.provider && model === one.model);
  const last = sorted.filter(isRecent);
  const separator = (label: string): CostItem => ({ label, kind: vscode.QuickPickItemKind.Separator });
  pick.items = [
    ...(last.length === 0 ? [] : [separator(t("asked last")), ...last.map(item)]),
    separator(t("cheapest first")),
    ...sorted.filter((one) => !isRecent(one)).map(item),
  ];
  const result = await new Promise<ModelChoice | "table" | undefined>((resolve) => {
    pick.onDidAccept(() => resolve(pick.selectedItems[0]?.choice));
    pick.onDidTriggerButton(() => resolve("table"));
    pick.onDidHide(() => resolve(undefined));
    pick.show();
  });
  pick.dispose();
  return result;
}
