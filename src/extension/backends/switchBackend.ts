import * as vscode from "vscode";
import type { ApiClient } from "../../client/apiClient.ts";
import { ApiError } from "../../client/apiError.ts";
import type { ProviderInfo } from "../../domain/api.ts";
import type { Backends } from "../../domain/backends/backendApi.ts";
import { backendInWords, tierNameSchema } from "../../domain/backends/backendSettings.ts";
import { decidedBy } from "../budgets/decidedBy.ts";
import { COMMANDS } from "../commandIds.ts";
import type { Services } from "../services.ts";
import { keysAtHand } from "./keysAtHand.ts";

interface NameItem extends vscode.QuickPickItem {
  /** As a switch takes it: a tier, a provider, or provider and model. Absent for headings. */
  readonly name?: string;
}

/** What a backend is to be used for: prompts in general, a tier, or to take over. */
type Place = { readonly tier: string | null } | "fallback";

interface PlaceItem extends vscode.QuickPickItem {
  /** Absent for headings. */
  readonly place?: Place;
}

/** Asks for a backend and what it is for, and switches once it has answered. */
export async function switchBackend(services: Services): Promise<void> {
  const api = await services.sidecar.api();
  const [view, providers] = await Promise.all([api.backends.view(), api.providers()]);
  const name = await pickName(view, providers);
  const place = name === undefined ? undefined : await pickPlace(view, name);
  if (name === undefined || place === undefined) {
    return;
  }
  if (place === "fallback") {
    await addFallback(api, name);
  } else {
    await makeSwitch(services, name, place.tier);
  }
}

/** Puts a backend at the end of those that take over, or takes it out where it is one of them. */
async function addFallback(api: ApiClient, name: string): Promise<void> {
  const { fallback } = (await api.config()).backends;
  const names = fallback.map((entry) => (typeof entry === "string" ? entry : backendInWords(entry)));
  const others = names.filter((other) => other !== name);
  const view = await api.backends.setFallback(others.length < names.length ? others : [...names, name], decidedBy());
  const backends = view.fallback.map(backendInWords).join(", ");
  vscode.window.setStatusBarMessage(
    backends === ""
      ? vscode.l10n.t("No backend takes over any more.")
      : vscode.l10n.t("When a backend is down or busy, these take over: {backends}", { backends }),
    5_000,
  );
}

/** Switches after a check. What is sick is refused with the reason, until the user says that it is to be all the same. */
export async function makeSwitch(services: Services, name: string, tier: string | null): Promise<void> {
  const t = vscode.l10n.t;
  const api = await services.sidecar.api();
  const attempt = async (skipHealthCheck: boolean) =>
    api.backends.switch({ name, tier, keys: await keysAtHand(services, api), skipHealthCheck, by: decidedBy() });
  let done: Awaited<ReturnType<typeof attempt>>;
  try {
    const title = t("Checking {name}", { name });
    done = await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, () => attempt(false));
  } catch (error) {
    if (!(error instanceof ApiError && error.code === "backend_sick")) {
      throw error;
    }
    const anyway = t("Switch Anyway");
    const check = t("Check Backends");
    const chosen = await vscode.window.showWarningMessage(error.message, anyway, check);
    if (chosen === check) {
      await vscode.commands.executeCommand(COMMANDS.checkBackends);
    }
    if (chosen !== anyway) {
      return;
    }
    done = await attempt(true);
  }
  const backend = done.to === null ? name : backendInWords(done.to);
  vscode.window.setStatusBarMessage(
    done.tier === null
      ? t("Prompts go to {backend} now.", { backend })
      : t("{tier} goes to {backend} now.", { tier: done.tier, backend }),
    5_000,
  );
}

async function pickName(view: Backends, providers: readonly ProviderInfo[]): Promise<string | undefined> {
  const t = vscode.l10n.t;
  const main = view.default === null ? t("the first provider whose key is set") : backendInWords(view.default);
  const items: NameItem[] = [
    separator(t("tiers")),
    ...view.tiers.map(({ name, backend }) => ({ label: name, description: backendInWords(backend), name })),
    ...(view.fallback.length === 0 ? [] : [separator(t("fallback"))]),
    ...view.fallback.map((backend) => ({
      label: backend.model,
      description: backend.provider,
      name: backendInWords(backend),
    })),
    separator(t("providers")),
    ...providers.map(({ name, baseUrl }) => ({ label: name, description: baseUrl, name })),
  ];
  return (
    await pickOrType<NameItem>({
      title: t("Switch Backend (1 of 2)"),
      placeholder: t("Prompts go to {backend}. Pick a backend, or type PROVIDER/MODEL or a model's name", {
        backend: main,
      }),
      items,
      typed: (text) => ({ label: text, description: t("use this name"), alwaysShow: true, name: text }),
    })
  )?.name;
}

/** Undefined where the user leaves. */
async function pickPlace(view: Backends, name: string): Promise<Place | undefined> {
  const t = vscode.l10n.t;
  const tier = view.tiers.find((one) => one.name === name)?.backend;
  const meant = tier === undefined ? name : backendInWords(tier);
  const isFallback = view.fallback.some((backend) => backendInWords(backend) === meant);
  const items: PlaceItem[] = [
    { label: t("Prompts"), description: t("the default, where no tier is named"), place: { tier: null } },
    {
      label: t("Fallback"),
      description: isFallback
        ? t("it does not take over any more")
        : t("takes over when others are down or busy, after those that do already"),
      place: "fallback",
    },
    separator(t("tiers")),
    ...view.tiers
      .filter((one) => one.name !== name)
      .map((one) => ({ label: one.name, description: backendInWords(one.backend), place: { tier: one.name } })),
  ];
  const picked = await pickOrType<PlaceItem>({
    title: t("Switch Backend (2 of 2)"),
    placeholder: t("What is {name} to be used for? Pick it, or type the name of a new tier", { name }),
    items,
    typed: (text) =>
      tierNameSchema.safeParse(text).success
        ? { label: text, description: t("a new tier"), alwaysShow: true, place: { tier: text } }
        : undefined,
  });
  return picked?.place;
}

interface Choices<T extends vscode.QuickPickItem> {
  readonly title: string;
  readonly placeholder: string;
  readonly items: readonly T[];
  /** The item for what was typed; undefined where it makes none. */
  typed(text: string): T | undefined;
}

/** One of the items, or what the user has typed. */
async function pickOrType<T extends vscode.QuickPickItem>(choices: Choices<T>): Promise<T | undefined> {
  const pick = vscode.window.createQuickPick<T>();
  pick.title = choices.title;
  pick.placeholder = choices.placeholder;
  pick.matchOnDescription = true;
  const update = () => {
    const text = pick.value.trim();
    const isListed = text === "" || choices.items.some(({ label }) => label === text);
    const typed = isListed ? undefined : choices.typed(text);
    pick.items = typed === undefined ? choices.items : [...choices.items, typed];
  };
  pick.onDidChangeValue(update);
  update();
  const picked = await new Promise<T | undefined>((resolve) => {
    pick.onDidAccept(() => resolve(pick.selectedItems[0]));
    pick.onDidHide(() => resolve(undefined));
    pick.show();
  });
  pick.dispose();
  return picked;
}

function separator(label: string): vscode.QuickPickItem {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}
