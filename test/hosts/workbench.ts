import { join } from "node:path";
import type { Frame, Page } from "playwright-core";
import { EditorPane } from "./editorPane.ts";
import { ModalDialog } from "./modalDialog.ts";
import { Notifications } from "./notifications.ts";
import { QuickInput } from "./quickInput.ts";
import { StatusBar } from "./statusBar.ts";
import { Terminal } from "./terminal.ts";
import { PATIENCE_MS, until } from "./until.ts";
import { visibleText } from "./visibleText.ts";

const SCREENSHOTS = join(import.meta.dirname, "..", "..", "out", "screenshots");

export type ColorTheme = "light" | "dark" | "highContrast" | "highContrastLight";

/** VS Code's names of its own themes, and the class that its window carries under each. */
const THEMES: Readonly<Record<ColorTheme, { label: string; windowClass: string }>> = {
  light: { label: "Light 2026", windowClass: "vs" },
  dark: { label: "Dark 2026", windowClass: "vs-dark" },
  highContrast: { label: "Dark High Contrast", windowClass: "hc-black" },
  highContrastLight: { label: "Light High Contrast", windowClass: "hc-light" },
};

/** One window of a real VS Code, handled as a person handles it. Every wait is for a condition, none for a time. */
export class Workbench {
  readonly page: Page;
  readonly quickInput: QuickInput;
  readonly notifications: Notifications;
  readonly dialog: ModalDialog;
  readonly statusBar: StatusBar;
  readonly terminal: Terminal;

  constructor(page: Page) {
    this.page = page;
    this.quickInput = new QuickInput(page);
    this.notifications = new Notifications(page);
    this.dialog = new ModalDialog(page);
    this.statusBar = new StatusBar(page);
    this.terminal = new Terminal(page);
    page.setDefaultTimeout(PATIENCE_MS);
  }

  /** Resolves when the window takes commands. Extensions may still be starting. */
  async whenReady(): Promise<void> {
    await this.page.locator(".monaco-workbench .statusbar-item").first().waitFor();
    await this.page.locator(".monaco-workbench .part.editor .editor-group-container").first().waitFor();
  }

  async press(keys: string): Promise<void> {
    await this.page.keyboard.press(keys);
  }

  /** Opens the command palette and waits until it takes commands. */
  async openPalette(text = ""): Promise<void> {
    await until("the command palette", async () => {
      if (!(await this.quickInput.isOpen())) {
        await this.#leaveWebview();
        await this.press("F1");
      }
      // A webview that is just being shown may take the focus, which closes the palette again: each step gives up soon.
      const { input } = this.quickInput;
      await input.waitFor({ timeout: 2_000 });
      if (!(await input.inputValue({ timeout: 2_000 })).startsWith(">")) return false;
      await input.fill(`>${text}`, { timeout: 2_000 });
      return true;
    });
  }

  /**
   * Moves the focus out of a webview. The palette gives it back when a command is chosen, and a webview takes it late: on a busy
   * machine after the command's own quick input has opened, which closes when it loses the focus.
   */
  async #leaveWebview(): Promise<void> {
    const isInWebview = await this.page.evaluate(() => document.activeElement?.tagName === "IFRAME");
    if (isInWebview) await this.page.locator(".part.sidebar .monaco-list").first().focus();
  }

  /** Runs a command from the palette by its full title, such as `Tollgate: Ask…`. Waits for a command not yet registered. */
  async runCommand(title: string): Promise<void> {
    await this.openPalette(title);
    await this.quickInput.choose(title);
  }

  /** The titles that the palette offers for a text, best match first. */
  async commandsFor(text: string): Promise<string[]> {
    await this.openPalette(text);
    const titles = await until(`commands for "${text}"`, async () => {
      const items = await this.quickInput.items();
      return items.length > 0 && items;
    });
    await this.quickInput.cancel();
    return titles.map((item) => item.label);
  }

  /** Opens a file of the workspace by name, through quick open. */
  async openFile(name: string): Promise<EditorPane> {
    await this.press("ControlOrMeta+P");
    await this.quickInput.whenOpen();
    await this.quickInput.type(name);
    await this.quickInput.choose(name);
    const pane = this.editor(name);
    await pane.whenOpen();
    return pane;
  }

  /** Closes the editors of all groups. */
  async closeEditors(): Promise<void> {
    await this.runCommand("View: Close All Editors");
    await until("no editor", async () => (await this.tabs()).length === 0);
  }

  /** The editor of the tab with that name, or the active one. */
  editor(fileName?: string): EditorPane {
    return new EditorPane(this.page, fileName);
  }

  /** The names of the open tabs, groups from left to right. */
  async tabs(): Promise<string[]> {
    return (await this.page.locator(".tabs-container .tab .label-name").allTextContents()).map(visibleText);
  }

  /**
   * The document inside a webview, recognised by something in it. A webview is two frames deep, and VS Code replaces the
   * inner one when the extension sets its HTML again, so take it anew after that.
   */
  async webview(selector: string): Promise<Frame> {
    return until(`a webview with ${selector}`, async () => {
      for (const frame of this.page.frames()) {
        if (frame.parentFrame()?.parentFrame() !== this.page.mainFrame() || frame.isDetached()) continue;
        if ((await frame.locator(selector).count()) > 0) return frame;
      }
      return undefined;
    });
  }

  async setColorTheme(theme: ColorTheme): Promise<void> {
    const { label, windowClass } = THEMES[theme];
    await this.runCommand("Preferences: Color Theme");
    await this.quickInput.choose(label);
    await this.page.locator(`.monaco-workbench.${windowClass}`).waitFor();
    await this.quickInput.whenClosed();
  }

  /** Developer: Reload Window. */
  async reload(): Promise<void> {
    await this.page.reload();
    await this.whenReady();
  }

  /** Writes `out/screenshots/<name>.png` and returns its path. */
  async screenshot(name: string): Promise<string> {
    const path = join(SCREENSHOTS, `${name}.png`);
    await this.page.screenshot({ path, animations: "disabled" });
    return path;
  }

  async close(): Promise<void> {
    await this.page.close();
  }
}
