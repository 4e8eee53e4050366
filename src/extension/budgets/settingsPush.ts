import type * as vscode from "vscode";
import type { ApiClient } from "../../client/apiClient.ts";
import { ApiError } from "../../client/apiError.ts";
import type { Provider } from "../../domain/config.ts";
import { type Contribution, messageOf, showFailure } from "../contribution.ts";
import { BUDGET_WINDOWS, type Settings, SettingsError } from "../settings.ts";
import type { SettingsStore } from "../settingsStore.ts";
import type { SidecarView } from "../sidecarView.ts";

/** What of the settings the sidecar keeps. */
interface Pushed {
  readonly budgets: Settings["budgets"];
  readonly providers: Settings["providers"];
}

const NOTHING: Pushed = { budgets: {}, providers: {} };
const MEMENTO_KEY = "tollgate.pushedSettings";

export interface SettingsPushOptions {
  readonly settings: SettingsStore;
  readonly sidecar: SidecarView;
  readonly memento: vscode.Memento;
}

/**
 * Brings budgets and providers of the settings to the sidecar. Only what differs from what was brought last is sent, so that
 * what the command line has changed meanwhile stays.
 */
export class SettingsPush {
  readonly #options: SettingsPushOptions;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: SettingsPushOptions) {
    this.#options = options;
  }

  /** @throws ApiError, SidecarUnavailableError, SettingsError; what was not brought is tried again the next time. */
  apply(): Promise<void> {
    const run = this.#queue.then(() => this.#apply());
    this.#queue = run.catch(() => undefined);
    return run;
  }

  async #apply(): Promise<void> {
    const { settings, sidecar, memento } = this.#options;
    if (settings.problem !== undefined) {
      // What stands in for settings that make no sense must not take away the budgets that they hold.
      throw new SettingsError(settings.problem);
    }
    const { budgets, providers } = settings.current;
    const key = `${MEMENTO_KEY}:${sidecar.dataDir}`;
    const last = memento.get<Pushed>(key) ?? NOTHING;
    const next: Pushed = { budgets, providers };
    if (same(last, next)) {
      return;
    }
    const api = await sidecar.api();
    await this.#pushProviders(api, last, next);
    await pushBudgets(api, last, next);
    await memento.update(key, next);
  }

  async #pushProviders(api: ApiClient, last: Pushed, next: Pushed): Promise<void> {
    const changed: Record<string, Provider | null> = {};
    for (const [name, provider] of Object.entries(next.providers)) {
      if (!same(last.providers[name], provider)) {
        changed[name] = provider;
      }
    }
    for (const name of Object.keys(last.providers)) {
      if (next.providers[name] === undefined) {
        changed[name] = null;
      }
    }
    if (Object.keys(changed).length > 0) {
      await api.changeConfig({ providers: changed });
    }
  }
}

async function pushBudgets(api: ApiClient, last: Pushed, next: Pushed): Promise<void> {
  const there = await api.budgets();
  for (const window of BUDGET_WINDOWS) {
    const limitUsd = next.budgets[window];
    if (limitUsd === last.budgets[window]) {
      continue;
    }
    const existing = there.find(({ name }) => name === window);
    if (limitUsd !== undefined) {
      await api.setBudget({ ...existing, name: window, window, limitUsd });
    } else if (existing !== undefined) {
      await removeBudget(api, window);
    }
  }
}

/** Every window of a user hears of a change of the settings: another one may have been faster. */
async function removeBudget(api: ApiClient, name: string): Promise<void> {
  try {
    await api.removeBudget(name);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) {
      throw error;
    }
  }
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

/** Keeps the sidecar in step with the settings, from the start on. */
export const settingsPush: Contribution = {
  name: "settings",
  activate({ settings, settingsPush: push, log }) {
    const apply = (shown: boolean) => {
      push.apply().catch((error: unknown) => {
        log.warn(`The settings could not be brought to the sidecar: ${messageOf(error)}`);
        if (shown) {
          void showFailure(messageOf(error));
        }
      });
    };
    apply(false);
    return settings.onDidChange(() => apply(true));
  },
};
