import * as vscode from "vscode";
import type { ProviderInfo } from "../../domain/api.ts";
import { COMMANDS } from "../commandIds.ts";
import { type Contribution, registerCommand } from "../contribution.ts";
import type { Services } from "../services.ts";
import { type ApiKey, KEY_VARIABLES } from "./apiKeys.ts";

/** **Add API Key…** and **Remove API Key…**. */
export const keyCommands: Contribution = {
  name: "key commands",
  activate(services) {
    return vscode.Disposable.from(
      registerCommand(services, COMMANDS.addApiKey, async (provider?: unknown) => {
        await addApiKey(services, typeof provider === "string" ? provider : undefined);
      }),
      registerCommand(services, COMMANDS.removeApiKey, () => removeApiKey(services)),
    );
  },
};

/** Asks for a provider's key and stores it; whether one was stored. */
export async function addApiKey(services: Services, provider?: string): Promise<boolean> {
  const chosen = provider ?? (await pickProvider(services, vscode.l10n.t("Add API Key"), () => true));
  if (chosen === undefined) {
    return false;
  }
  const key = await vscode.window.showInputBox({
    title: vscode.l10n.t("API Key for {provider}", { provider: chosen }),
    prompt: vscode.l10n.t("Kept in VS Code's secret storage, and sent to {provider} only.", { provider: chosen }),
    placeHolder: vscode.l10n.t("Paste the key"),
    password: true,
    ignoreFocusOut: true,
    validateInput: (text) => keyProblem(text),
  });
  if (key === undefined) {
    return false;
  }
  await services.keys.store(chosen, key.trim());
  vscode.window.setStatusBarMessage(
    vscode.l10n.t("The API key for {provider} is stored.", { provider: chosen }),
    5_000,
  );
  return true;
}

function keyProblem(text: string): string | undefined {
  const key = text.trim();
  if (key === "") {
    return vscode.l10n.t("The key is empty.");
  }
  // A key travels in a header, where other characters cannot stand.
  return /^[\x21-\x7e]+$/.test(key)
    ? undefined
    : vscode.l10n.t("A key has no spaces or special letters: was more copied than the key?");
}

async function removeApiKey(services: Services): Promise<void> {
  const provider = await pickProvider(
    services,
    vscode.l10n.t("Remove API Key"),
    (key) => key?.from === "secret storage",
  );
  if (provider !== undefined) {
    await services.keys.remove(provider);
    vscode.window.setStatusBarMessage(vscode.l10n.t("The API key for {provider} is removed.", { provider }), 5_000);
  }
}

async function pickProvider(
  services: Services,
  title: string,
  fits: (key: ApiKey | undefined) => boolean,
): Promise<string | undefined> {
  const items = await keyItems(services, fits);
  if (items.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t("Tollgate stores no API key."));
    return undefined;
  }
  const placeHolder = vscode.l10n.t("Which provider?");
  return (await vscode.window.showQuickPick(items, { title, placeHolder, matchOnDescription: true }))?.label;
}

async function keyItems(
  { keys, sidecar }: Services,
  fits: (key: ApiKey | undefined) => boolean,
): Promise<vscode.QuickPickItem[]> {
  const providers: ProviderInfo[] = await (await sidecar.api()).providers();
  const found = await Promise.all(providers.map(async ({ name }) => ({ name, key: await keys.find(name) })));
  return found
    .filter(({ key }) => fits(key))
    .map(({ name, key }) => ({ label: name, description: keyInWords(name, key) }));
}

export function keyInWords(provider: string, key: ApiKey | undefined): string {
  if (key === undefined) {
    return vscode.l10n.t("no key");
  }
  return key.from === "secret storage"
    ? vscode.l10n.t("key stored")
    : vscode.l10n.t("key from {variable}", { variable: KEY_VARIABLES[provider] ?? "" });
}
