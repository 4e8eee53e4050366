import type { Locator, Page } from "playwright-core";
import { PATIENCE_MS, until } from "./until.ts";

interface VisibleRow {
  /** Distance from the top of the document, in pixels. */
  top: number;
  text: string;
  /** Absent on the further rows of a wrapped line. */
  line?: number;
}

/** A text editor of the window, read as a person reads it: off the screen, scrolling where it is longer. */
export class EditorPane {
  readonly editor: Locator;
  readonly #page: Page;

  /** @param fileName the tab's name; without it the active group's editor */
  constructor(page: Page, fileName?: string) {
    this.#page = page;
    const groups = page.locator(".editor-group-container");
    const group =
      fileName === undefined
        ? page.locator(".editor-group-container.active")
        : groups.filter({ has: page.locator(`.tab.active[data-resource-name="${fileName}"]`) });
    this.editor = group.first().locator(".editor-instance .monaco-editor[data-uri]").first();
  }

  async whenOpen(): Promise<void> {
    await this.editor.locator(".view-lines").waitFor({ timeout: PATIENCE_MS });
  }

  /** What is in view, wrapped rows joined to their lines. */
  async visibleText(): Promise<string> {
    await this.whenOpen();
    return joinRows(await this.#rows());
  }

  /** Waits until what is in view contains, or matches, `wanted`; returns it. */
  async whenShows(wanted: string | RegExp): Promise<string> {
    let last = "";
    try {
      return await until(`the editor to show ${wanted}`, async () => {
        last = await this.visibleText();
        return (typeof wanted === "string" ? last.includes(wanted) : wanted.test(last)) && last;
      });
    } catch (error) {
      throw new Error(`${(error as Error).message} It shows:\n${last}`, { cause: error });
    }
  }

  /** The whole document; leaves the cursor at its end. */
  async text(): Promise<string> {
    await this.focus();
    await this.#page.keyboard.press("ControlOrMeta+Home");
    const seen = new Map<number, VisibleRow>();
    for (;;) {
      const rows = await this.#rows();
      const before = seen.size;
      for (const row of rows) seen.set(row.top, row);
      const last = rows.at(-1)?.top ?? 0;
      if (seen.size === before && before > 0) break;
      await this.#page.keyboard.press("PageDown");
      await this.#whenScrolledPast(last);
    }
    await this.#page.keyboard.press("ControlOrMeta+End");
    return joinRows([...seen.values()].sort((one, other) => one.top - other.top));
  }

  async focus(): Promise<void> {
    await this.whenOpen();
    // Below a tab's tooltip, above notifications, and where the editor is, wherever its text is scrolled to.
    await this.editor.click({ position: { x: 120, y: 60 } });
  }

  /** Selects whole lines, 1-based, both included. */
  async selectLines(first: number, last: number): Promise<void> {
    await this.focus();
    await this.#page.keyboard.press("ControlOrMeta+Home");
    for (let line = 1; line < first; line++) await this.#page.keyboard.press("ArrowDown");
    for (let line = first; line < last; line++) await this.#page.keyboard.press("Shift+ArrowDown");
    await this.#page.keyboard.press("Shift+End");
  }

  async #rows(): Promise<VisibleRow[]> {
    return this.editor.evaluate((editor) => {
      const numbers = new Map<number, number>();
      const offset = (element: Element): number => Math.round((element as HTMLElement).getBoundingClientRect().top);
      for (const number of editor.querySelectorAll(".margin .line-numbers"))
        numbers.set(offset(number), Number(number.textContent));
      const content = editor.querySelector(".lines-content");
      const origin = content ? offset(content) : 0;
      return [...editor.querySelectorAll(".view-lines > .view-line")]
        .map((row) => {
          const line = numbers.get(offset(row));
          const text = (row.textContent ?? "").replaceAll("\u00a0", " ").replace(/[\u200b-\u200f]/g, "");
          return { top: offset(row) - origin, text, ...(line ? { line } : {}) };
        })
        .sort((one, other) => one.top - other.top);
    });
  }

  /** After a page down: until the view has moved on, or the editor's scroll bar says that it cannot. */
  async #whenScrolledPast(top: number): Promise<void> {
    await until("the editor to scroll", async () => {
      const rows = await this.#rows();
      if ((rows.at(-1)?.top ?? 0) > top) return true;
      return this.editor.evaluate((editor) => {
        const cursor = editor.querySelector(".cursors-layer .cursor")?.getBoundingClientRect();
        const lines = [...editor.querySelectorAll(".view-lines > .view-line")].map(
          (row) => row.getBoundingClientRect().top,
        );
        return cursor !== undefined && Math.abs(Math.max(...lines) - cursor.top) < 3;
      });
    });
  }
}

function joinRows(rows: readonly VisibleRow[]): string {
  let text = "";
  rows.forEach((row, index) => {
    text += (index > 0 && row.line !== undefined ? "\n" : "") + row.text;
  });
  return text;
}
