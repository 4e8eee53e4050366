import type * as vscode from "vscode";
import { z } from "zod";

const choiceSchema = z.object({ provider: z.string(), model: z.string() });
/** A model, and the tier under whose name it was picked, if it was. */
export type ModelChoice = z.infer<typeof choiceSchema> & { readonly tier?: string };

const KEY = "tollgate.recentModels";
const LONGEST = 4;

/** The models asked last, newest first, in all windows. */
export function recentModels(memento: vscode.Memento): ModelChoice[] {
  return z.array(choiceSchema).catch([]).parse(memento.get(KEY));
}

export async function rememberModel(memento: vscode.Memento, choice: ModelChoice): Promise<void> {
  const others = recentModels(memento).filter(
    ({ provider, model }) => provider !== choice.provider || model !== choice.model,
  );
  await memento.update(KEY, [{ provider: choice.provider, model: choice.model }, ...others].slice(0, LONGEST));
}
