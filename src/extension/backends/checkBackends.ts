import * as vscode from "vscode";
import type { CheckedBackend } from "../../domain/backends/backendApi.ts";
import { backendInWords } from "../../domain/backends/backendSettings.ts";
import type { Services } from "../services.ts";
import { checkInWords, rolesInWords } from "./backendWords.ts";
import { keysAtHand } from "./keysAtHand.ts";
import { makeSwitch } from "./switchBackend.ts";

interface BackendItem extends vscode.QuickPickItem {
  /** Absent for headings. */
  readonly backend?: CheckedBackend;
}

/** Shows every backend with its state, how long it took to answer, and its last error; one that is picked becomes the default. */
export async function checkBackends(services: Services): Promise<void> {
  const t = vscode.l10n.t;
  const pick = vscode.window.createQuickPick<BackendItem>();
  pick.title = t("Backends");
  pick.placeholder = t("Checking…");
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  pick.busy = true;
  pick.show();
  const chosen = new Promise<BackendItem | undefined>((resolve) => {
    pick.onDidAccept(() => resolve(pick.selectedItems[0]));
    pick.onDidHide(() => resolve(undefined));
  });
  try {
    const api = await services.sidecar.api();
    const backends = await api.backends.check(await keysAtHand(services, api));
    const used = backends.filter(({ roles }) => roles.length > 0);
    const rest = backends.filter(({ roles }) => roles.length === 0);
    pick.items = [
      ...used.map(itemOf),
      ...(rest.length === 0 ? [] : [{ label: t("other providers"), kind: vscode.QuickPickItemKind.Separator }]),
      ...rest.map(itemOf),
    ];
    pick.placeholder = t("Pick one to make it the default");
    pick.busy = false;
    const backend = (await chosen)?.backend;
    if (backend !== undefined) {
      const { provider, model } = backend;
      await makeSwitch(services, model === null ? provider : backendInWords({ provider, model }), null);
    }
  } finally {
    pick.dispose();
  }
}

function itemOf(backend: CheckedBackend): BackendItem {
  const t = vscode.l10n.t;
  const { provider, model, roles } = backend;
  const words = [...(model === null ? [] : [provider]), ...(roles.length === 0 ? [] : [rolesInWords(roles, t)])];
  return {
    label: model ?? provider,
    description: words.join(" · "),
    detail: checkInWords(backend, Date.now(), t),
    backend,
  };
}
