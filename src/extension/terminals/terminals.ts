import { delimiter } from "node:path";
import * as vscode from "vscode";
import { type GatewayVariables, gatewayVariables } from "../../client/gatewayVariables.ts";
import type { ToolVariableName } from "../../client/toolEnvironment.ts";
import { callerIn } from "../callerIn.ts";
import { type Contribution, messageOf } from "../contribution.ts";
import type { Services } from "../services.ts";
import { inEnglish } from "../translate.ts";
import { installedOf, type Launching, PROJECT_VARIABLE, writeLaunchers } from "./launchers.ts";
import { platformName, shellEnvironment } from "./shellEnvironment.ts";
import { noteInWords, terminalDescription } from "./terminalWords.ts";

/** Leads the tools that are started in a terminal through the gateway. */
export const terminals: Contribution = {
  name: "terminals",
  activate: (services) => new TerminalEnvironment(services),
};

/** What the terminals of a folder get; of no folder in particular where that is undefined. */
interface Place extends GatewayVariables {
  readonly folder: vscode.WorkspaceFolder | undefined;
  /** What comes first in the search path; empty where nothing does. */
  readonly path: string;
  readonly description: string;
}

/** Also after a shell's profile has run: one that sets such a variable itself would win. */
const EVERYWHERE: vscode.EnvironmentVariableMutatorOptions = {
  applyAtProcessCreation: true,
  applyAtShellIntegration: true,
};

/**
 * Keeps the variables of terminals in step with the gateway's address, the providers, the workspace's folders and the
 * settings. VS Code warns in every open terminal of a change, so nothing is written that is so already.
 */
class TerminalEnvironment implements vscode.Disposable {
  readonly #services: Services;
  readonly #disposables: vscode.Disposable[];
  readonly #launching: Launching;
  #written = "[]";
  #scoped: vscode.EnvironmentVariableCollection[] = [];
  #sidecar: number | undefined;
  #running = false;
  #again = false;

  constructor(services: Services) {
    this.#services = services;
    const { context, settings, sidecar } = services;
    this.#launching = {
      folder: vscode.Uri.joinPath(context.globalStorageUri, "bin").fsPath,
      nodePath: process.execPath,
      isElectron: "electron" in process.versions,
      cliPath: vscode.Uri.joinPath(context.extensionUri, "dist", "cli.cjs").fsPath,
    };
    // What was kept of an earlier window might lead to a gateway that is no more.
    context.environmentVariableCollection.persistent = false;
    this.#disposables = [
      settings.onDidChange(() => this.#update()),
      sidecar.onDidEvent(({ type }) => type === "provider.changed" && this.#update()),
      sidecar.onDidChange((state) => {
        if (state.kind === "up" && state.status.pid !== this.#sidecar) {
          this.#update();
        }
      }),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.#update()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("terminal.integrated.env")) {
          this.#update();
        }
      }),
    ];
    this.#update();
  }

  dispose(): void {
    vscode.Disposable.from(...this.#disposables).dispose();
  }

  /** One at a time: what changes meanwhile is looked at once more. */
  #update(): void {
    if (this.#running) {
      this.#again = true;
    } else {
      void this.#run();
    }
  }

  /** It never rejects. */
  async #run(): Promise<void> {
    this.#running = true;
    do {
      this.#again = false;
      try {
        this.#write(await this.#places());
        this.#sidecar = this.#services.sidecar.status?.pid;
      } catch (error) {
        // Terminals keep what they have; the sidecar's return is heard of.
        this.#services.log.warn(`The variables of terminals could not be brought up to date: ${messageOf(error)}`);
      }
    } while (this.#again);
    this.#running = false;
  }

  async #places(): Promise<Place[]> {
    const { settings, sidecar } = this.#services;
    const wanted = settings.current.terminalVariables;
    if (wanted === null) {
      return [];
    }
    const api = await sidecar.api();
    const launched = this.#launch(shellEnvironment(process.env, configuredFor(undefined)).PATH ?? "");
    const folders = vscode.workspace.workspaceFolders ?? [];
    const places = folders.length === 1 ? folders : [undefined, ...folders];
    return Promise.all(places.map((folder) => this.#placeOf(api, folder, wanted, launched)));
  }

  async #placeOf(
    api: Parameters<typeof gatewayVariables>[0],
    folder: vscode.WorkspaceFolder | undefined,
    wanted: readonly ToolVariableName[],
    launched: readonly string[],
  ): Promise<Place> {
    const environment = shellEnvironment(process.env, configuredFor(folder));
    const caller = callerIn(folder);
    const { variables, notes } = await gatewayVariables(api, environment, caller, wanted);
    const hasLaunchers = launched.length > 0;
    const forLaunchers = hasLaunchers && caller.project !== undefined ? { [PROJECT_VARIABLE]: caller.project } : {};
    const found = { variables: { ...variables, ...forLaunchers }, notes };
    return {
      ...found,
      folder,
      path: hasLaunchers ? `${this.#launching.folder}${delimiter}` : "",
      description: terminalDescription({ ...found, launched }, caller.project, vscode.l10n.t),
    };
  }

  /** Makes launchers for those tools that need them, are wanted and are there: scripts, of which Windows' shells know nothing. */
  #launch(searchPath: string): readonly string[] {
    const { settings, log } = this.#services;
    if (process.platform === "win32") {
      return [];
    }
    const tools = installedOf(settings.current.launchedTools, searchPath, this.#launching.folder);
    try {
      writeLaunchers(this.#launching, tools);
      return tools;
    } catch (error) {
      log.warn(`${tools.join(", ")} cannot be led through the gateway: ${messageOf(error)}`);
      return [];
    }
  }

  #write(places: readonly Place[]): void {
    const { context, log } = this.#services;
    const written = JSON.stringify(places.map(({ folder, ...place }) => [folder?.index, folder?.uri, place]));
    if (written === this.#written) {
      return;
    }
    this.#written = written;
    const all = context.environmentVariableCollection;
    for (const collection of [all, ...this.#scoped]) {
      collection.clear();
      collection.description = undefined;
    }
    this.#scoped = [];
    // Of two values for one terminal, VS Code takes the one that was written later: folders come after what is for all.
    for (const { folder, variables, path, description } of places) {
      const isAll = folder === undefined || places.length === 1;
      const collection = isAll ? all : all.getScoped({ workspaceFolder: folder });
      if (!isAll) {
        this.#scoped.push(collection);
      }
      for (const [name, value] of Object.entries(variables)) {
        collection.replace(name, value, EVERYWHERE);
      }
      if (path !== "") {
        collection.prepend("PATH", path, EVERYWHERE);
      }
      collection.description = new vscode.MarkdownString(description);
    }
    log.info(`Terminals ${places.length === 0 ? "are left as they are" : "lead tools through the gateway"}`);
    for (const note of places.flatMap(({ notes }) => notes)) {
      log.info(noteInWords(note, inEnglish));
    }
  }
}

/** VS Code's own setting for the variables of terminals; in an untrusted workspace, its own values do not count. */
function configuredFor(folder: vscode.WorkspaceFolder | undefined): Record<string, unknown> {
  const found = vscode.workspace
    .getConfiguration("terminal.integrated.env", folder?.uri)
    .inspect<Record<string, unknown>>(platformName(process.platform));
  const ofWorkspace = vscode.workspace.isTrusted ? { ...found?.workspaceValue, ...found?.workspaceFolderValue } : {};
  return { ...found?.globalValue, ...ofWorkspace };
}
