import * as vscode from "vscode";
import type { ProxySettings } from "./proxyEnvironment.ts";
import {
  type RawSettings,
  resolveSettings,
  SETTING_DEFAULTS,
  SETTING_IDS,
  type SettingId,
  type Settings,
  SettingsError,
} from "./settings.ts";

/**
 * How long settings must stand before they are complained of, in ms. VS Code applies one save in several steps, those of the
 * user and those of the machine, and somebody who types has not finished.
 */
const SETTLE_MS = 500;

/** The last settings that made sense. Ones that do not are reported once and change nothing. */
export class SettingsStore implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<Settings>();
  readonly #disposables: vscode.Disposable[];
  readonly #log: vscode.LogOutputChannel;
  #current: Settings;
  #problem: string | undefined;
  #report: NodeJS.Timeout | undefined;
  readonly onDidChange = this.#changed.event;

  constructor(log: vscode.LogOutputChannel) {
    this.#log = log;
    this.#current = resolveSettings({}, {});
    this.#read();
    this.#disposables = [
      this.#changed,
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("tollgate") && this.#read()) {
          this.#changed.fire(this.#current);
        }
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => {
        if (this.#read()) {
          this.#changed.fire(this.#current);
        }
      }),
    ];
  }

  get current(): Settings {
    return this.#current;
  }

  /** What is wrong with the settings as they stand; undefined where nothing is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  async write(id: SettingId, value: unknown): Promise<void> {
    const [section, name] = split(id);
    await vscode.workspace.getConfiguration(section).update(name, value, vscode.ConfigurationTarget.Global);
  }

  /** The user's own value of a setting, unchecked. */
  userValue(id: SettingId): unknown {
    const [section, name] = split(id);
    return vscode.workspace.getConfiguration(section).inspect(name)?.globalValue;
  }

  /** VS Code's own, of the user or the machine: a workspace must not lead calls elsewhere. */
  get proxy(): ProxySettings {
    const http = vscode.workspace.getConfiguration("http");
    const [proxy, noProxy, proxySupport] = ["proxy", "noProxy", "proxySupport"].map(
      (name) => http.inspect(name)?.globalValue,
    );
    return { proxy, noProxy, proxySupport };
  }

  dispose(): void {
    clearTimeout(this.#report);
    vscode.Disposable.from(...this.#disposables).dispose();
  }

  /** Whether the settings make sense, and are now the current ones. */
  #read(): boolean {
    try {
      this.#current = resolveSettings(readRaw(), process.env);
      this.#problem = undefined;
      clearTimeout(this.#report);
      return true;
    } catch (error) {
      if (!(error instanceof SettingsError)) {
        throw error;
      }
      const problem = error.message;
      if (this.#problem !== problem) {
        this.#problem = problem;
        clearTimeout(this.#report);
        this.#report = setTimeout(() => {
          this.#log.warn(`Settings were not applied: ${problem}`);
          void showProblem(problem);
        }, SETTLE_MS);
      }
      return false;
    }
  }
}

async function showProblem(problem: string): Promise<void> {
  const open = vscode.l10n.t("Open Settings");
  const chosen = await vscode.window.showErrorMessage(
    vscode.l10n.t("Tollgate: these settings make no sense, so nothing was changed. {problem}", { problem }),
    open,
  );
  if (chosen === open) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "tollgate");
  }
}

/** What is set, less what is only a default. In an untrusted workspace, the workspace's own values do not count. */
function readRaw(): RawSettings {
  const raw: Partial<Record<SettingId, unknown>> = {};
  for (const id of SETTING_IDS) {
    const [section, name] = split(id);
    const configuration = vscode.workspace.getConfiguration(section);
    const found = configuration.inspect(name);
    const workspaceValue = vscode.workspace.isTrusted
      ? (found?.workspaceFolderValue ?? found?.workspaceValue)
      : undefined;
    const set = workspaceValue ?? found?.globalValue;
    if (set !== undefined && set !== null) {
      // `get` merges the objects of several scopes, as VS Code shows them.
      raw[id] =
        typeof SETTING_DEFAULTS[id] === "object" && workspaceValue !== undefined ? configuration.get(name) : set;
    }
  }
  return raw;
}

/** `tollgate.request.timeoutSeconds` as the section and the name that VS Code's configuration takes. */
function split(id: SettingId): [section: string, name: string] {
  return ["tollgate", id.slice("tollgate.".length)];
}
