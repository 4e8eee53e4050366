import type { Locator, Page } from "playwright-core";
import { PATIENCE_MS } from "./until.ts";
import { visibleText } from "./visibleText.ts";

export interface ModalDialogContent {
  message: string;
  detail: string;
  buttons: string[];
}

/** A modal message (`{ modal: true }`): one at a time, in the middle of the window. */
export class ModalDialog {
  readonly box: Locator;

  constructor(page: Page) {
    this.box = page.locator(".monaco-dialog-box");
  }

  /** Waits for a dialog and reads it. */
  async read(): Promise<ModalDialogContent> {
    await this.box.waitFor({ timeout: PATIENCE_MS });
    const text = async (selector: string): Promise<string> => {
      return visibleText((await this.box.locator(selector).allInnerTexts()).join(" "));
    };
    const buttons = await this.box.locator(".dialog-buttons .monaco-text-button").allInnerTexts();
    return {
      message: await text(".dialog-message-text"),
      detail: await text(".dialog-message-detail"),
      buttons: buttons.map(visibleText),
    };
  }

  /** Presses a button by its text and resolves when the dialog is gone. */
  async press(button: string): Promise<void> {
    await this.box.waitFor({ timeout: PATIENCE_MS });
    await this.box.locator(".dialog-buttons .monaco-text-button", { hasText: button }).first().click();
    await this.box.waitFor({ state: "hidden", timeout: PATIENCE_MS });
  }
}
