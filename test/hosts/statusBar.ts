import type { Locator, Page } from "playwright-core";
import { PATIENCE_MS, until } from "./until.ts";
import { visibleText } from "./visibleText.ts";

export interface StatusBarReading {
  /** Without its icons. */
  text: string;
  /** The names of its icons, such as `credit-card`. */
  icons: string[];
  /** What a screen reader says. */
  ariaLabel: string;
  kind: "standard" | "warning" | "error" | "prominent" | "remote" | "offline";
  /** The computed colours, as `rgb(…)` or `rgba(…)`. */
  backgroundColor: string;
  color: string;
}

/** VS Code's status bar. Items are named by the id the extension gave to `createStatusBarItem`, or the end of it. */
export class StatusBar {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  item(id: string): Locator {
    // The workbench puts the extension's id before the item's own.
    return this.#page.locator(`.statusbar-item[id$="${id}"]`);
  }

  /** Waits for the item and reads it. */
  async read(id: string): Promise<StatusBarReading> {
    await this.item(id).waitFor({ timeout: PATIENCE_MS });
    const raw = await this.item(id).evaluate((item) => {
      const style = getComputedStyle(item);
      const label = item.querySelector(".statusbar-item-label");
      return {
        text: label?.textContent ?? "",
        icons: [...item.querySelectorAll(".codicon")].map((icon) => icon.className),
        ariaLabel: label?.getAttribute("aria-label") ?? item.getAttribute("aria-label") ?? "",
        kind: /\b(warning|error|prominent|remote|offline)-kind\b/.exec(item.className)?.[1] ?? "standard",
        backgroundColor: style.backgroundColor,
        color: getComputedStyle(label ?? item).color,
      };
    });
    return {
      ...raw,
      kind: raw.kind as StatusBarReading["kind"],
      text: visibleText(raw.text),
      icons: raw.icons.flatMap((names) => /codicon-(?!modifier)([\w-]+)/.exec(names)?.[1] ?? []),
    };
  }

  /** Waits until the item reads as `wanted` says, and returns that reading. */
  async whenReads(id: string, what: string, wanted: (reading: StatusBarReading) => boolean): Promise<StatusBarReading> {
    let last: StatusBarReading | undefined;
    try {
      return await until(`the status bar item "${id}" to show ${what}`, async () => {
        last = await this.read(id);
        return wanted(last) && last;
      });
    } catch (error) {
      throw new Error(`${(error as Error).message} It shows ${JSON.stringify(last)}.`, { cause: error });
    }
  }

  async click(id: string): Promise<void> {
    await this.item(id).locator(".statusbar-item-label").click({ timeout: PATIENCE_MS });
  }

  /** Hovers over the item until its tooltip shows; the tooltip stays open, and its links can be clicked. */
  async openTooltip(id: string): Promise<Locator> {
    const tooltip = this.#page
      .locator(".workbench-hover-container .monaco-hover:visible, .workbench-hover:visible")
      .first();
    await until(`the tooltip of "${id}"`, async () => {
      await this.item(id).hover();
      await tooltip.waitFor({ timeout: 3_000 });
      return true;
    });
    return tooltip;
  }

  /** The tooltip's text, line by line; closes it again. */
  async tooltipText(id: string): Promise<string> {
    const tooltip = await this.openTooltip(id);
    const lines = (await tooltip.allInnerTexts()).join("\n").split("\n").map(visibleText);
    await this.#page.keyboard.press("Escape");
    await this.#page.mouse.move(0, 0);
    return lines.filter((line) => line !== "").join("\n");
  }
}
