import { type Browser, type BrowserContext, chromium } from "playwright-core";
import { findProgram } from "./findProgram.ts";
import type { VscodeServer, WindowTarget } from "./vscodeServer.ts";
import { Workbench } from "./workbench.ts";

export const VIEWPORT = { width: 1280, height: 800 };

/** The browser's path, or an Error that says in one line what to install. `CHROME_PATH` overrides the search. */
export function requireChromium(): string {
  const found =
    process.env.CHROME_PATH ?? findProgram("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");
  if (found) return found;
  throw new Error('Chromium is missing: install it ("apt-get install chromium"), or name a Chrome with CHROME_PATH.');
}

/** Chromium without a window (TOLLGATE_SHOW_BROWSER=1 shows it). One browser serves any number of profiles and windows. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: requireChromium(),
    headless: process.env.TOLLGATE_SHOW_BROWSER !== "1",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A fresh user profile (storage, secrets, remembered layout). Windows of one profile share them, as VS Code windows do. */
export async function openProfile(browser: Browser): Promise<BrowserContext> {
  const profile = await browser.newContext({ viewport: VIEWPORT, reducedMotion: "reduce" });
  await profile.grantPermissions(["clipboard-read", "clipboard-write"]);
  return profile;
}

export interface WindowHooks {
  /** One line of the extension host's console, sent when the window runs with `extensionTestsPath`. */
  onLog?: (level: string, args: unknown) => void;
  /** The end of an `extensionTestsPath` run: 0 for success. */
  onExit?: (code: number) => void;
}

/** Opens a VS Code window in a profile and resolves when its workbench is restored. */
export async function openWindow(
  profile: BrowserContext,
  server: VscodeServer,
  target: WindowTarget,
  hooks: WindowHooks = {},
): Promise<Workbench> {
  const page = await profile.newPage();
  const workbench = new Workbench(page);
  await page.exposeFunction("codeAutomationLog", (level: string, args: unknown) => hooks.onLog?.(level, args));
  await page.exposeFunction("codeAutomationExit", (code: number) => hooks.onExit?.(code));
  await page.goto(server.windowUrl(target));
  await workbench.whenReady();
  return workbench;
}
