import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { type FromPanel, fromPanelSchema, type ToPanel, toPanelSchema } from "../../src/domain/panelMessages.ts";
import { panelHtml } from "../../src/panel/panelHtml.ts";
import { launchBrowser } from "../hosts/browser.ts";
import { THEMES, type ThemeName } from "./themes.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");

interface HostPage {
  readonly sent: unknown[];
  state: unknown;
}

export interface OpenOptions {
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly state?: unknown;
}

/** The built panel in a browser, in a page as the extension makes it, with the test as its extension host. */
export class PanelBrowser {
  readonly #folder: string;
  readonly #server: Server;
  readonly #browser: Browser;

  private constructor(folder: string, server: Server, browser: Browser) {
    this.#folder = folder;
    this.#server = server;
    this.#browser = browser;
  }

  static async start(): Promise<PanelBrowser> {
    await mkdir(path.join(ROOT, "out"), { recursive: true });
    const folder = await mkdtemp(path.join(ROOT, "out/panel-"));
    await promisify(execFile)(process.execPath, ["esbuild.mjs", "--only=panel", `--outdir=${folder}`], { cwd: ROOT });
    const server = createServer((request, response) => void serve(folder, request.url ?? "/", response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const browser = await launchBrowser();
    return new PanelBrowser(folder, server, browser);
  }

  async open({ theme = "dark", width = 1200, state }: OpenOptions = {}): Promise<OpenPanel> {
    const { port } = this.#server.address() as AddressInfo;
    const context = await this.#browser.newContext({
      viewport: { width, height: 900 },
      timezoneId: "America/New_York",
      locale: "en-US",
    });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") {
        complaints.push(message.text());
      }
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.addInitScript(standIn, { theme: THEMES[theme], state: state ?? null });
    await page.goto(`http://127.0.0.1:${port}/`);
    // The panel listens by the time it says that it is ready.
    await page.waitForFunction(() => (globalThis as unknown as { hostPage: HostPage }).hostPage.sent.length > 0);
    return new OpenPanel(page, complaints);
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#folder, { recursive: true, force: true });
  }
}

export class OpenPanel {
  readonly page: Page;
  /** Errors and warnings of the console, violations of the content security policy among them. */
  readonly complaints: string[];

  constructor(page: Page, complaints: string[]) {
    this.page = page;
    this.complaints = complaints;
  }

  /** As the extension pushes it, once it has been read by the schema that both sides share. */
  async push(message: ToPanel): Promise<void> {
    await this.page.evaluate((data) => window.postMessage(data), toPanelSchema.parse(message));
    const overview = message.type === "overview";
    await this.page.locator(overview ? ".figures" : ".unavailable").waitFor();
    // A frame drawn after the message has been taken.
    await this.page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  }

  /** What the panel has said so far, read as the extension reads it. */
  async sent(): Promise<FromPanel[]> {
    const sent = await this.page.evaluate(() => (globalThis as unknown as { hostPage: HostPage }).hostPage.sent);
    return sent.map((message) => fromPanelSchema.parse(message));
  }

  async state(): Promise<unknown> {
    return this.page.evaluate(() => (globalThis as unknown as { hostPage: HostPage }).hostPage.state);
  }

  async setTheme(name: ThemeName): Promise<void> {
    await this.page.evaluate(({ bodyClass, variables }) => {
      document.body.className = bodyClass;
      for (const [key, value] of Object.entries(variables)) {
        document.documentElement.style.setProperty(key, value);
      }
    }, THEMES[name]);
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}

/** Runs in the page before everything else: VS Code's API for webviews, and the theme as VS Code applies it. */
function standIn({ theme, state }: { theme: (typeof THEMES)[ThemeName]; state: unknown }): void {
  const hostPage: HostPage = { sent: [], state };
  Object.assign(globalThis, {
    hostPage,
    acquireVsCodeApi: () => ({
      postMessage: (message: unknown) => hostPage.sent.push(message),
      getState: () => hostPage.state,
      setState: (saved: unknown) => {
        hostPage.state = saved;
      },
    }),
  });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(
    "html { background: var(--vscode-editor-background) } body { margin: 0; padding: 0 20px; color: var(--vscode-editor-foreground) }",
  );
  const apply = () => {
    for (const [key, value] of Object.entries(theme.variables)) {
      document.documentElement.style.setProperty(key, value);
    }
    document.adoptedStyleSheets.push(sheet);
    document.body.className = theme.bodyClass;
  };
  // The body comes before the panel's script runs.
  new MutationObserver((_changes, observer) => {
    if (document.body !== null) {
      observer.disconnect();
      apply();
    }
  }).observe(document, { childList: true, subtree: true });
}

async function serve(folder: string, url: string, response: import("node:http").ServerResponse): Promise<void> {
  const type = { "/panel.js": "text/javascript", "/panel.css": "text/css" }[url];
  if (type !== undefined) {
    response.setHeader("content-type", type).end(await readFile(path.join(folder, url)));
  } else if (url === "/") {
    const origin = `http://${response.req.headers.host}`;
    response.setHeader("content-type", "text/html").end(
      panelHtml({
        scriptUri: `${origin}/panel.js`,
        styleUri: `${origin}/panel.css`,
        cspSource: origin,
        nonce: "c2VlZGVk",
        title: "Costs & limits",
      }),
    );
  } else {
    response.writeHead(204).end();
  }
}
