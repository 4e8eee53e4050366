import type { Locator, Page } from "playwright-core";
import { PATIENCE_MS, until } from "./until.ts";
import { visibleText } from "./visibleText.ts";

export interface QuickPickItem {
  label: string;
  description: string;
  detail: string;
  /** The heading of the group that this item opens, or "". */
  separator: string;
}

/** What is there is there within so many ms; what is not may have been replaced, and is looked for anew. */
const SOON_MS = 2_000;

/** VS Code's quick pick and input box: the one drop-down at the top of the window. */
export class QuickInput {
  readonly widget: Locator;
  readonly input: Locator;
  readonly #page: Page;
  readonly #rows: Locator;

  constructor(page: Page) {
    this.#page = page;
    this.widget = page.locator(".quick-input-widget:visible");
    this.input = this.widget.locator(".quick-input-box input");
    this.#rows = this.widget.locator(".quick-input-list .monaco-list-row");
  }

  /** Waits until a quick pick or an input box is open; given a title, one with that title. */
  async whenOpen(title?: string): Promise<void> {
    await this.widget.waitFor({ timeout: PATIENCE_MS });
    if (title !== undefined) await until(`a quick input titled "${title}"`, async () => (await this.title()) === title);
  }

  async whenClosed(): Promise<void> {
    await this.widget.waitFor({ state: "hidden", timeout: PATIENCE_MS });
  }

  async isOpen(): Promise<boolean> {
    return (await this.widget.count()) > 0;
  }

  /** The title in its title bar; "" when it has none. */
  async title(): Promise<string> {
    return visibleText((await this.widget.locator(".quick-input-title:visible").allInnerTexts()).join(" "));
  }

  async placeholder(): Promise<string> {
    return (await this.input.getAttribute("placeholder")) ?? "";
  }

  async value(): Promise<string> {
    return this.input.inputValue();
  }

  /** The prompt or the validation message under an input box; "" when there is none. */
  async message(): Promise<string> {
    return visibleText((await this.widget.locator(".quick-input-message:visible").allInnerTexts()).join(" "));
  }

  /** The items in view, top down. */
  async items(): Promise<QuickPickItem[]> {
    const raw = await this.#rows.evaluateAll((rows) =>
      rows
        .map((row) => {
          const read = (selector: string): string => {
            const element = row.querySelector<HTMLElement>(selector);
            return element && element.style.display !== "none" ? (element.textContent ?? "") : "";
          };
          return {
            index: Number(row.getAttribute("data-index")),
            label: read(".quick-input-list-row .label-name"),
            description: read(".quick-input-list-row .label-description"),
            detail: read(".quick-input-list-label-meta"),
            separator: read(".quick-input-list-separator"),
          };
        })
        .sort((one, other) => one.index - other.index),
    );
    return raw.map((row) => ({
      label: visibleText(row.label),
      description: visibleText(row.description),
      detail: visibleText(row.detail),
      separator: visibleText(row.separator),
    }));
  }

  /** Replaces what stands in the input. */
  async type(text: string): Promise<void> {
    await this.input.fill(text);
  }

  /** Types into an input box and confirms it. */
  async answer(text: string): Promise<void> {
    await this.type(text);
    await this.accept();
  }

  /**
   * Chooses an item of a quick pick by its label (icons left out), typing it as a filter where it is not in view.
   * Resolves when the choice is made; a further quick input may be open by then.
   */
  async choose(label: string): Promise<void> {
    await until(`the item "${label}" in the quick pick`, async () => {
      if ((await this.#rows.count()) === 0) return false;
      if (await this.#confirm(label)) return true;
      // The palette's ">" makes it the palette.
      const filter = (await this.value()).startsWith(">") ? `>${label}` : label;
      if ((await this.value()) !== filter) await this.input.fill(filter, { timeout: SOON_MS });
      return false;
    });
  }

  /** Confirms as it stands: the focused item of a quick pick, or the text of an input box. */
  async accept(): Promise<void> {
    await this.input.press("Enter");
  }

  /** Leaves it without a choice. */
  async cancel(): Promise<void> {
    await this.#page.keyboard.press("Escape");
    await this.whenClosed();
  }

  /**
   * Moves to the item with that label and confirms it; false where it is not there. A click would be at the mercy of the list,
   * which may put another item under it while it is being filtered: what has the focus is looked at last of all.
   */
  async #confirm(label: string): Promise<boolean> {
    const labels = (await this.items()).map((item) => item.label);
    if (!labels.includes(visibleText(label))) return false;
    for (let step = 0; step < labels.length; step += 1) {
      const focused = this.widget.locator(".quick-input-list .monaco-list-row.focused .label-name").first();
      if (visibleText((await focused.textContent({ timeout: SOON_MS })) ?? "") === visibleText(label)) {
        await this.input.press("Enter", { timeout: SOON_MS });
        return true;
      }
      await this.input.press("ArrowDown", { timeout: SOON_MS });
    }
    return false;
  }
}
