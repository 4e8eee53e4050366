import * as vscode from "vscode";
import type { ApiClient } from "../../client/apiClient.ts";
import { ApiError } from "../../client/apiError.ts";
import type { ProviderHealth, ProviderInfo } from "../../domain/api.ts";
import type { Backends } from "../../domain/backends/backendApi.ts";
import type { Model } from "../../domain/modelApi.ts";
import { keyIsOptional } from "../keys/apiKeys.ts";
import { keyInWords } from "../keys/keyCommands.ts";
import type { Services } from "../services.ts";
import { abilitiesInWords, priceInWords } from "./modelWords.ts";
import { type ModelChoice, recentModels } from "./recentModels.ts";

/** So long, in ms, the list waits for what is known of the models asked last. */
const PATIENCE_MS = 200;

interface ProviderItem extends vscode.QuickPickItem {
  readonly choice?: ModelChoice;
  readonly provider?: ProviderInfo;
}

interface ModelItem extends vscode.QuickPickItem {
  /** Absent for headings. */
  readonly model?: string;
}

/** Lets the user pick a model: one asked before at once, any other by its provider. Undefined where the user leaves. */
export async function pickModel(services: Services): Promise<ModelChoice | undefined> {
  const api = await services.sidecar.api();
  const [providers, backends] = await Promise.all([api.providers(), api.backends.view()]);
  for (;;) {
    const picked = await pickProvider(services, api, providers, backendItems(backends));
    if (picked === undefined || picked.choice !== undefined) {
      return picked?.choice;
    }
    if (picked.provider !== undefined) {
      const model = await pickModelOf(services, api, picked.provider);
      if (model === undefined || model.length > 0) {
        return model === undefined ? undefined : { provider: picked.provider.name, model };
      }
    }
  }
}

async function pickProvider(
  services: Services,
  api: ApiClient,
  providers: readonly ProviderInfo[],
  backends: readonly ProviderItem[],
): Promise<ProviderItem | undefined> {
  const t = vscode.l10n.t;
  const keys = new Map(
    await Promise.all(providers.map(async (info) => [info.name, await keyState(services, info)] as const)),
  );
  const health = new Map<string, ProviderHealth>();
  const known = recentModels(services.context.globalState).filter(({ provider }) => keys.has(provider));
  const models = new Map<ModelChoice, Model>();
  const loading = Promise.allSettled(
    known.map(async (choice) => models.set(choice, await api.model(choice.model, choice.provider))),
  );
  await Promise.race([loading, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
  const recent = (choice: ModelChoice): ProviderItem => {
    const model = models.get(choice);
    const detail = model === undefined ? {} : { detail: aboutModel(model) };
    return { label: choice.model, description: choice.provider, ...detail, choice };
  };
  const items = (): ProviderItem[] => [
    ...(backends.length === 0 ? [] : [separator(t("backends")), ...backends]),
    ...(known.length === 0 ? [] : [separator(t("asked last")), ...known.map(recent)]),
    separator(t("providers")),
    ...providers.map((provider): ProviderItem => {
      const state = health.get(provider.name);
      const up = state === undefined ? undefined : state.up ? t("up") : t("down: {detail}", { detail: state.detail });
      const parts = [modelCount(provider), keys.get(provider.name), up];
      return {
        label: provider.name,
        description: parts.filter((part) => part !== undefined && part !== "").join(" · "),
        provider,
      };
    }),
  ];
  const pick = vscode.window.createQuickPick<ProviderItem>();
  pick.title = t("Ask a Model");
  pick.placeholder = t("Pick a model asked before, a backend, or a provider");
  pick.matchOnDescription = true;
  pick.items = items();
  pick.busy = true;
  let open = true;
  const checks = providers.map(async ({ name }) => {
    health.set(name, await api.providerHealth(name));
  });
  // One change of the items for all answers: each change makes the list flicker.
  void Promise.allSettled(checks).then(() => {
    if (open) {
      const [active] = pick.activeItems;
      pick.items = items();
      const same = pick.items.find(({ label, kind }) => label === active?.label && kind === active.kind);
      if (active !== undefined && same !== undefined) {
        pick.activeItems = [same];
      }
      pick.busy = false;
    }
  });
  const result = await new Promise<ProviderItem | undefined>((resolve) => {
    pick.onDidAccept(() => {
      // What was selected among items that have just been replaced is not found any more; what is active is.
      const chosen = pick.selectedItems[0] ?? pick.activeItems[0];
      if (chosen !== undefined) {
        resolve(chosen);
      }
    });
    pick.onDidHide(() => resolve(undefined));
    pick.show();
  });
  open = false;
  pick.dispose();
  return result;
}

/** A model's name, one of the list or any other; empty where the user goes back, undefined where the user leaves. */
async function pickModelOf(services: Services, api: ApiClient, provider: ProviderInfo): Promise<string | undefined> {
  const t = vscode.l10n.t;
  const models = await api.models({ provider: provider.name });
  const names = models.map(({ model }) => model);
  const pick = vscode.window.createQuickPick<ModelItem>();
  pick.title = t("Ask a Model of {provider}", { provider: provider.name });
  pick.placeholder = models.length === 0 ? t("Type the model's name") : t("Pick a model, or type any other name");
  pick.buttons = [vscode.QuickInputButtons.Back];
  pick.matchOnDetail = true;
  const asked = recentModels(services.context.globalState).filter((choice) => choice.provider === provider.name);
  const last = asked.flatMap(({ model }) => models.filter((one) => one.model === model));
  const rest = models.filter((one) => !last.includes(one));
  const listed: ModelItem[] = [
    ...(last.length === 0 ? [] : [separator(t("asked last")), ...last.map(modelItem)]),
    ...(rest.length === 0 ? [] : [separator(t("cheapest first")), ...rest.map(modelItem)]),
  ];
  const update = () => {
    const typed = pick.value.trim();
    const other: ModelItem[] =
      typed === "" || names.includes(typed)
        ? []
        : [{ label: typed, description: t("use this name"), alwaysShow: true, model: typed }];
    pick.items = [...listed, ...other];
  };
  pick.onDidChangeValue(update);
  update();
  const result = await new Promise<string | undefined>((resolve) => {
    pick.onDidAccept(() => resolve(pick.selectedItems[0]?.model));
    pick.onDidTriggerButton(() => resolve(""));
    pick.onDidHide(() => resolve(undefined));
    pick.show();
  });
  pick.dispose();
  return result === undefined || result === "" || names.includes(result)
    ? result
    : modelMeant(api, provider.name, result);
}

/** The model that a typed name means, an alias such as `sonnet` too; a name that nobody knows goes to the provider as it is. */
async function modelMeant(api: ApiClient, provider: string, typed: string): Promise<string> {
  try {
    return (await api.model(typed, provider)).model;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) {
      return typed;
    }
    throw error;
  }
}

function modelItem(model: Model): ModelItem {
  return { label: model.model, detail: aboutModel(model), model: model.model };
}

/** Price, context window and abilities, in one line. */
function aboutModel(model: Model): string {
  const t = vscode.l10n.t;
  return [priceInWords(model, t), abilitiesInWords(model, t)].filter((part) => part !== "").join(" · ");
}

/** The default backend, and the tiers that the user has given a meaning. */
function backendItems({ default: main, tiers }: Backends): ProviderItem[] {
  const t = vscode.l10n.t;
  return [
    ...(main === null
      ? []
      : [
          {
            label: main.model,
            description: t("{provider} · default", { provider: main.provider }),
            choice: { ...main, tier: "default" },
          },
        ]),
    ...tiers
      .filter(({ configured }) => configured)
      .map(({ name, backend }) => ({
        label: name,
        description: `${backend.provider} · ${backend.model}`,
        choice: { ...backend, tier: name },
      })),
  ];
}

async function keyState({ keys }: Services, provider: ProviderInfo): Promise<string> {
  const key = await keys.find(provider.name);
  return key === undefined && keyIsOptional(provider) ? "" : keyInWords(provider.name, key);
}

function modelCount({ models }: ProviderInfo): string {
  return models.length === 1 ? vscode.l10n.t("1 model") : vscode.l10n.t("{n} models", { n: models.length });
}

function separator(label: string): vscode.QuickPickItem {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}
