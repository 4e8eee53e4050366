import type { Page } from "playwright-core";
import { PATIENCE_MS, until } from "./until.ts";

/** VS Code's integrated terminals. What a program in one says is best written to a file: a terminal draws its text. */
export class Terminal {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
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
}
