import type { EditorPane } from "../hosts/editorPane.ts";
import { until } from "../hosts/until.ts";
import type { Workbench } from "../hosts/workbench.ts";
import { STATUS_ITEM } from "./world.ts";

export interface Asking {
  readonly provider?: string;
  readonly model?: string;
  readonly prompt: string;
}

/** Runs **Tollgate: Ask…** up to the prompt box, by provider and model as a person picks them. */
export async function pickModel(workbench: Workbench, provider: string, model: string): Promise<void> {
  const { quickInput } = workbench;
  await quickInput.whenOpen("Ask a Model");
  await quickInput.choose(provider);
  await quickInput.whenOpen(`Ask a Model of ${provider}`);
  await quickInput.choose(model);
  await quickInput.whenOpen(`Ask ${model} (${provider})`);
}

/** Asks from the palette; the answer is then on its way. */
export async function ask(
  workbench: Workbench,
  { provider = "openai", model = "gpt-4.1", prompt }: Asking,
): Promise<void> {
  await workbench.runCommand("Tollgate: Ask…");
  await pickModel(workbench, provider, model);
  await workbench.quickInput.answer(prompt);
  await workbench.quickInput.whenClosed();
}

/** How many answers this window has opened. */
export async function answerCount(workbench: Workbench): Promise<number> {
  const numbers = (await workbench.tabs()).map((name) => Number(/^[\w.-]+ (\d+)(?:\.md)?$/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...numbers);
}

/** Does what leads to an answer of gpt-4.1, and waits until it is whole, its cost below it. */
export async function answerAfter(workbench: Workbench, act: () => Promise<void>): Promise<EditorPane> {
  const before = await answerCount(workbench);
  await act();
  const number = await until("an answer", async () => {
    const now = await answerCount(workbench);
    return now > before && now;
  });
  const editor = workbench.editor(`gpt-4.1 ${number}.md`);
  await editor.whenShows(/Cost:/);
  return editor;
}

/** Reloads the window and waits until Tollgate is back: the palette knows no command before that. */
export async function reload(workbench: Workbench): Promise<void> {
  await workbench.reload();
  await workbench.statusBar.whenReads(STATUS_ITEM, "figures", ({ text }) => text.includes("$"));
}
