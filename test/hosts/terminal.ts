import type { Locator, Page } from "playwright-core";
import { PATIENCE_MS, until } from "./until.ts";

/** VS Code's integrated terminals. What a program in one says is best written to a file: they draw their text. */
export class Terminal {
  readonly #page: Page;
  /** The tab of the terminal in front. */
  readonly tab: Locator;

  constructor(page: Page) {
    this.#page = page;
    this.tab = page.locator(".single-terminal-tab, .terminal-tabs-entry").last();
  }

  /** Waits until a terminal that was asked for takes keys, and types a line into it. */
  async run(line: string): Promise<void> {
    const input = this.#page.locator(".terminal-wrapper.active .xterm-helper-textarea");
    await input.waitFor({ state: "attached", timeout: PATIENCE_MS });
    await until("the terminal to take keys", async () => {
      await input.focus({ timeout: 2_000 });
      return input.evaluate((element) => element === document.activeElement);
    });
    await this.#page.keyboard.type(line);
    await this.#page.keyboard.press("Enter");
  }

  /** What is shown when the pointer rests on the terminal's tab. */
  async hover(): Promise<string> {
    const hover = this.#page.locator(".workbench-hover-container .monaco-hover:visible").first();
    await until("the terminal's hover", async () => {
      await this.#page.mouse.move(0, 0);
      await this.tab.hover({ timeout: 2_000 });
      await hover.waitFor({ timeout: 3_000 });
      return true;
    });
    return (await hover.innerText()).replace(/\s+/g, " ");
  }
}
