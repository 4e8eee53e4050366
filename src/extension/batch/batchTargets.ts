import * as vscode from "vscode";
import { ApiError } from "../../client/apiError.ts";
import type { Target } from "../../prompts/asker.ts";
import type { BatchPrompt } from "../../prompts/batch/batchFile.ts";
import { addMissingKey } from "../ask/failures.ts";
import { pickModel } from "../ask/pickModel.ts";
import { rememberModel } from "../ask/recentModels.ts";
import type { Services } from "../services.ts";

/** Where prompts go, by the names of models that their lines have; null stands for those that have none. */
export type BatchTargets = ReadonlyMap<string | null, Target>;

/** Asks for a model where lines name none, and looks up those that they name; undefined where the user leaves or one is unknown. */
export async function batchTargets(
  services: Services,
  prompts: readonly BatchPrompt[],
): Promise<BatchTargets | undefined> {
  const targets = new Map<string | null, Target>();
  for (const { model, line } of prompts) {
    if (targets.has(model)) {
      continue;
    }
    const target = model === null ? await picked(services) : await named(services, model, line);
    if (target === undefined || !(await addMissingKey(services, target))) {
      return undefined;
    }
    targets.set(model, target);
  }
  return targets;
}

async function picked(services: Services): Promise<Target | undefined> {
  const choice = await pickModel(services);
  if (choice === undefined) {
    return undefined;
  }
  await rememberModel(services.context.globalState, choice);
  return { provider: choice.provider, model: choice.model, byTier: choice.tier !== undefined };
}

async function named({ sidecar }: Services, name: string, line: number): Promise<Target | undefined> {
  try {
    const { provider, model } = await (await sidecar.api()).model(name);
    return { provider, model, byTier: false };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) {
      const text = vscode.l10n.t("No prompt was sent. Line {line} names the model {model}, which no provider has.", {
        line,
        model: name,
      });
      void vscode.window.showErrorMessage(text);
      return undefined;
    }
    throw error;
  }
}
