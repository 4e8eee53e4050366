import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import {
  type FromPanel,
  fromPanelSchema,
  type PanelCommand,
  type PanelView,
  panelViewSchema,
  type ToPanel,
} from "../domain/panelMessages.ts";
import { panelHtml } from "../panel/panelHtml.ts";
import { COMMANDS, type CommandId } from "./commandIds.ts";
import { type Contribution, messageOf, registerCommand } from "./contribution.ts";
import type { Services } from "./services.ts";

const VIEW_TYPE = "tollgate.costs";
/** Changes that come within so many ms of each other reach the panel as one snapshot. */
const COALESCE_MS = 200;
/** A snapshot that took long to make is made again after so many times as long, others want the ledger too; in ms, at most. */
const PATIENCE = 3;
const LONGEST_PAUSE_MS = 5_000;

const PANEL_COMMANDS: Readonly<Record<Exclude<PanelCommand, "refresh">, CommandId>> = {
  setBudget: COMMANDS.setBudget,
  raise: COMMANDS.raiseBudget,
  allowOnce: COMMANDS.allowOnce,
  pause: COMMANDS.pauseBudget,
  resume: COMMANDS.resumeBudget,
  addKey: COMMANDS.addApiKey,
  ask: COMMANDS.ask,
  showLog: COMMANDS.showLog,
};

/** **Show Costs**: one panel a window, which comes back after a reload. */
export const costPanel: Contribution = {
  name: "cost panel",
  activate(services) {
    let current: CostPanel | undefined;
    const adopt = (panel: vscode.WebviewPanel) => {
      const adopted = new CostPanel(panel, services);
      current = adopted;
      panel.onDidDispose(() => {
        current = current === adopted ? undefined : current;
      });
    };
    return vscode.Disposable.from(
      registerCommand(services, COMMANDS.showCosts, () => {
        if (current !== undefined) {
          current.reveal();
          return;
        }
        const title = vscode.l10n.t("Tollgate Costs");
        adopt(vscode.window.createWebviewPanel(VIEW_TYPE, title, vscode.ViewColumn.Active));
      }),
      vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, {
        deserializeWebviewPanel: async (panel) => adopt(panel),
      }),
      { dispose: () => current?.dispose() },
    );
  },
};

class CostPanel implements vscode.Disposable {
  readonly #panel: vscode.WebviewPanel;
  readonly #services: Services;
  #view: PanelView = panelViewSchema.parse({});
  /** How long the last snapshot took, in ms. */
  #took = 0;
  #timer: NodeJS.Timeout | undefined;
  #sending = false;
  #again = false;

  constructor(panel: vscode.WebviewPanel, services: Services) {
    this.#panel = panel;
    this.#services = services;
    const { webview } = panel;
    const dist = vscode.Uri.joinPath(services.context.extensionUri, "dist");
    webview.options = { enableScripts: true, localResourceRoots: [dist] };
    panel.iconPath = vscode.Uri.joinPath(services.context.extensionUri, "media", "icon.png");
    const subscriptions = [
      webview.onDidReceiveMessage((message) => this.#receive(message)),
      services.sidecar.onDidChange(() => this.#sendSoon()),
      panel.onDidChangeViewState(() => this.#sendSoon()),
    ];
    panel.onDidDispose(() => {
      clearTimeout(this.#timer);
      vscode.Disposable.from(...subscriptions).dispose();
    });
    webview.html = panelHtml({
      scriptUri: webview.asWebviewUri(vscode.Uri.joinPath(dist, "panel.js")).toString(),
      styleUri: webview.asWebviewUri(vscode.Uri.joinPath(dist, "panel.css")).toString(),
      cspSource: webview.cspSource,
      nonce: randomBytes(18).toString("base64url"),
      title: panel.title,
    });
  }

  reveal(): void {
    this.#panel.reveal();
  }

  dispose(): void {
    this.#panel.dispose();
  }

  #receive(message: unknown): void {
    const parsed = fromPanelSchema.safeParse(message);
    if (!parsed.success) {
      this.#services.log.warn(`The cost panel sent what cannot be read: ${parsed.error.message}`);
      return;
    }
    this.#obey(parsed.data);
  }

  #obey(message: FromPanel): void {
    if (message.type !== "command") {
      const { type: _, ...view } = message;
      this.#view = view;
      void this.#send();
    } else if (message.command === "refresh") {
      void this.#send();
    } else {
      void vscode.commands.executeCommand(PANEL_COMMANDS[message.command], message.budget);
    }
  }

  /** A hidden panel receives no messages; it asks for a snapshot when it is shown again. */
  #sendSoon(): void {
    if (this.#panel.visible) {
      this.#timer ??= setTimeout(
        () => {
          this.#timer = undefined;
          void this.#send();
        },
        Math.min(LONGEST_PAUSE_MS, Math.max(COALESCE_MS, PATIENCE * this.#took)),
      );
    }
  }

  async #send(): Promise<void> {
    if (this.#sending) {
      this.#again = true;
      return;
    }
    this.#sending = true;
    try {
      do {
        this.#again = false;
        await this.#panel.webview.postMessage(await this.#snapshot());
      } while (this.#again);
    } catch (error) {
      this.#services.log.debug(`The cost panel went away: ${messageOf(error)}`);
    } finally {
      this.#sending = false;
    }
  }

  async #snapshot(): Promise<ToPanel> {
    try {
      const api = await this.#services.sidecar.api();
      const { days, by } = this.#view;
      const startedAt = performance.now();
      const overview = await api.overview(days, by);
      this.#took = performance.now() - startedAt;
      return { type: "overview", overview };
    } catch (error) {
      return { type: "unavailable", reason: messageOf(error) };
    }
  }
}
