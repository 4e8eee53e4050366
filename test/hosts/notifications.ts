import type { Locator, Page } from "playwright-core";
import { until } from "./until.ts";
import { visibleText } from "./visibleText.ts";

export interface Notification {
  severity: "info" | "warning" | "error" | "progress";
  text: string;
  buttons: string[];
}

/**
 * VS Code's notification toasts, lower right. Three things to know of them: one that equals an older one replaces it; no more
 * than three new ones show within 0.8 s; and under the smoke test driver none show at all.
 */
export class Notifications {
  readonly toasts: Locator;

  constructor(page: Page) {
    this.toasts = page.locator(".notifications-toasts .monaco-list-row");
  }

  /** What is shown now, top down. */
  async all(): Promise<Notification[]> {
    const raw = await this.toasts.evaluateAll((toasts) =>
      toasts.map((toast) => ({
        icon: toast.querySelector(".notification-list-item-icon")?.className ?? "",
        text: toast.querySelector(".notification-list-item-message")?.textContent ?? "",
        buttons: [...toast.querySelectorAll(".notification-list-item-buttons-container .monaco-text-button")].map(
          (button) => button.textContent ?? "",
        ),
        busy: toast.querySelector(".monaco-progress-container.active") !== null,
      })),
    );
    return raw.map(({ icon, text, buttons, busy }) => ({
      severity: busy ? "progress" : icon.includes("error") ? "error" : icon.includes("warning") ? "warning" : "info",
      text: visibleText(text),
      buttons: buttons.map(visibleText).filter((name) => name !== ""),
    }));
  }

  /** Waits for a notification whose text contains, or matches, `text`. */
  async find(text: string | RegExp): Promise<Notification> {
    return until(`a notification "${text}"`, async () => (await this.all()).find((one) => matches(one.text, text)));
  }

  /** Waits for a notification and presses one of its buttons; resolves when it is gone. */
  async press(text: string | RegExp, button: string): Promise<void> {
    await this.find(text);
    const toast = this.toasts.filter({ hasText: text }).first();
    await toast.locator(".monaco-text-button", { hasText: button }).first().click();
    await until(
      `the notification "${text}" to go`,
      async () => !(await this.all()).some((one) => matches(one.text, text)),
    );
  }

  /** Closes one notification by its cross, or all when no text is given. */
  async dismiss(text?: string | RegExp): Promise<void> {
    const chosen = text === undefined ? this.toasts : this.toasts.filter({ hasText: text });
    await until("notifications to be dismissed", async () => {
      if ((await chosen.count()) === 0) return true;
      await chosen.first().hover({ timeout: 2_000 });
      await chosen.first().locator(".codicon-notifications-clear").click({ timeout: 2_000 });
      return false;
    });
  }
}

function matches(text: string, wanted: string | RegExp): boolean {
  return typeof wanted === "string" ? text.includes(wanted) : wanted.test(text);
}
