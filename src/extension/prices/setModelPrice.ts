import * as vscode from "vscode";
import type { ApiClient } from "../../client/apiClient.ts";
import type { ProviderInfo } from "../../domain/api.ts";
import type { Price } from "../../domain/config.ts";
import type { PriceRow } from "../../domain/priceApi.ts";
import { basisInWords, formatRate } from "../../domain/priceWords.ts";
import type { Rates } from "../../domain/rates.ts";
import { parseUsd } from "../budgets/amount.ts";
import { decidedBy } from "../budgets/decidedBy.ts";
import { COMMANDS } from "../commandIds.ts";
import { type Contribution, registerCommand } from "../contribution.ts";
import type { Services } from "../services.ts";

/** A model whose price is to be set; what is not known yet is asked for. */
export interface ModelToPrice {
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
}

const HIGHEST_USD = 1_000_000;

/** **Set Model Price…**. Takes a provider's and a model's name as its arguments. */
export const priceCommands: Contribution = {
  name: "price commands",
  activate(services) {
    const named = (name: unknown) => (typeof name === "string" ? name : undefined);
    return registerCommand(services, COMMANDS.setModelPrice, async (provider?: unknown, model?: unknown) => {
      await setModelPrice(services, { provider: named(provider), model: named(model) });
    });
  },
};

/** Asks what a model costs and writes it as the user's own price; whether it was set. */
export async function setModelPrice(services: Services, wanted: ModelToPrice = {}): Promise<boolean> {
  const t = vscode.l10n.t;
  const api = await services.sidecar.api();
  const provider = wanted.provider ?? (await pickProvider(api));
  const model = provider === undefined ? undefined : (wanted.model ?? (await pickModel(api, provider)));
  if (provider === undefined || model === undefined) {
    return false;
  }
  const now = await api.prices.show(provider, model);
  const own = (await api.config()).prices.find(
    (price) => price.provider === provider && price.model === model && price.from === undefined,
  );
  const typed = await askPrices(now, own);
  if (typed === null) {
    return false;
  }
  const { cachedInputUsdPerMTok: _, ...others } = own ?? { provider, model };
  await api.prices.set({ ...others, provider, model, ...typed }, decidedBy());
  vscode.window.setStatusBarMessage(
    t("{model} costs {input} in and {output} out for a million tokens.", {
      model,
      input: formatRate(typed.inputUsdPerMTok * 1_000_000),
      output: formatRate(typed.outputUsdPerMTok * 1_000_000),
    }),
    5_000,
  );
  return true;
}

type TypedPrices = Pick<Price, "inputUsdPerMTok" | "outputUsdPerMTok"> & { cachedInputUsdPerMTok?: number };

/** Null where the user leaves. */
async function askPrices(now: PriceRow, own: Price | undefined): Promise<TypedPrices | null> {
  const t = vscode.l10n.t;
  const { model } = now;
  const was = (rate: keyof Rates) =>
    now.rates === null || now.basis === "default"
      ? t("Its price is not known yet.")
      : t("Now {price} ({basis}).", { price: formatRate(now.rates[rate]), basis: basisInWords(now.basis) });
  const current = (rate: keyof Rates) =>
    now.rates === null || now.basis === "default" ? undefined : String(now.rates[rate] / 1_000_000);
  const input = await askUsd(
    t("Price of {model} (1 of 3)", { model }),
    t("USD for a million input tokens. {was}", { was: was("input") }),
    current("input"),
  );
  const output =
    input === undefined
      ? undefined
      : await askUsd(
          t("Price of {model} (2 of 3)", { model }),
          t("USD for a million output tokens. {was}", { was: was("output") }),
          current("output"),
        );
  if (input === undefined || input === null || output === undefined || output === null) {
    return null;
  }
  const isOwn = now.rates !== null && now.rates.cachedInput !== now.rates.input && now.basis !== "default";
  const cached = await askUsd(
    t("Price of {model} (3 of 3)", { model }),
    t(
      "USD for a million input tokens from the provider's cache. {was} Leave it empty where they cost what input costs.",
      {
        was: was("cachedInput"),
      },
    ),
    own?.cachedInputUsdPerMTok !== undefined || isOwn ? current("cachedInput") : undefined,
    true,
  );
  return cached === undefined
    ? null
    : {
        inputUsdPerMTok: input,
        outputUsdPerMTok: output,
        ...(cached === null ? {} : { cachedInputUsdPerMTok: cached }),
      };
}

/** An amount; null where it was left empty, undefined where the user leaves. */
async function askUsd(
  title: string,
  prompt: string,
  value: string | undefined,
  mayBeEmpty = false,
): Promise<number | null | undefined> {
  const t = vscode.l10n.t;
  const text = await vscode.window.showInputBox({
    title,
    prompt,
    placeHolder: t("An amount in USD, such as 2.50"),
    ignoreFocusOut: true,
    ...(value === undefined ? {} : { value }),
    validateInput: (input) => {
      const usd = parseUsd(input);
      return (mayBeEmpty && input.trim() === "") || (usd !== null && usd <= HIGHEST_USD)
        ? undefined
        : t("Give an amount in USD from 0 to 1,000,000, such as 2.50.");
    },
  });
  return text === undefined ? undefined : parseUsd(text);
}

async function pickProvider(api: ApiClient): Promise<string | undefined> {
  const t = vscode.l10n.t;
  const priced = (await api.providers()).filter(({ pricing }) => pricing !== "free" && pricing !== "compute-hour");
  const items = priced.map(({ name, baseUrl }: ProviderInfo) => ({ label: name, description: baseUrl }));
  if (items.length === 0) {
    void vscode.window.showInformationMessage(
      t("No provider has models with a price: all are free or paid by the hour."),
    );
    return undefined;
  }
  const picked = await vscode.window.showQuickPick(items, {
    title: t("Set Model Price"),
    placeHolder: t("Whose model?"),
  });
  return picked?.label;
}

interface ModelItem extends vscode.QuickPickItem {
  readonly model: string;
}

/** A model of the list with its price, or any other name. Undefined where the user leaves. */
async function pickModel(api: ApiClient, provider: string): Promise<string | undefined> {
  const t = vscode.l10n.t;
  const { prices } = await api.prices.list({ provider });
  const listed = prices.map(
    (row): ModelItem => ({ label: row.model, description: priceInWords(row), model: row.model }),
  );
  const names = new Set(prices.map(({ model }) => model));
  const pick = vscode.window.createQuickPick<ModelItem>();
  pick.title = t("Set the Price of a Model of {provider}", { provider });
  pick.placeholder = t("Pick a model, or type any other name; * stands for anything");
  const update = () => {
    const typed = pick.value.trim();
    const other: ModelItem[] =
      typed === "" || names.has(typed)
        ? []
        : [{ label: typed, description: t("use this name"), alwaysShow: true, model: typed }];
    pick.items = [...listed, ...other];
  };
  pick.onDidChangeValue(update);
  update();
  const result = await new Promise<string | undefined>((resolve) => {
    pick.onDidAccept(() => resolve((pick.selectedItems[0] ?? pick.activeItems[0])?.model));
    pick.onDidHide(() => resolve(undefined));
    pick.show();
  });
  pick.dispose();
  return result;
}

function priceInWords({ rates, basis }: PriceRow): string {
  const t = vscode.l10n.t;
  return rates === null
    ? t("price unknown")
    : t("{input} in, {output} out ({basis})", {
        input: formatRate(rates.input),
        output: formatRate(rates.output),
        basis: basisInWords(basis),
      });
}
