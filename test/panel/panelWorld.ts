import { strict as assert } from "node:assert";
import type { Overview } from "../../src/domain/api.ts";
import type { FromPanel } from "../../src/domain/panelMessages.ts";
import { type OpenOptions, type OpenPanel, PanelBrowser } from "./panelPage.ts";
import { sampleOverview } from "./sampleOverview.ts";

/** A browser for the tests of one `describe`, in which each of them opens the panel anew. */
export class PanelWorld {
  #browser: PanelBrowser | undefined;
  #panel: OpenPanel | undefined;

  /** Starts before the first test of the surrounding `describe` and ends after its last. */
  constructor() {
    before(async () => {
      this.#browser = await PanelBrowser.start();
    });
    after(() => this.#browser?.stop());
    afterEach(async () => {
      const complaints = this.#panel?.complaints ?? [];
      await this.#panel?.close();
      assert.deepEqual(complaints, [], "the console stays silent, the content security policy unbroken");
    });
  }

  get panel(): OpenPanel {
    assert.ok(this.#panel);
    return this.#panel;
  }

  async open(options: OpenOptions = {}): Promise<void> {
    assert.ok(this.#browser);
    this.#panel = await this.#browser.open(options);
  }

  async show(overview: Overview = sampleOverview(), options: OpenOptions = {}): Promise<void> {
    await this.open(options);
    await this.panel.push({ type: "overview", overview });
  }

  async text(selector: string): Promise<string> {
    return (await this.panel.page.locator(selector).allInnerTexts())[0] ?? "";
  }

  rows(caption: string): Promise<string[]> {
    return this.panel.page.getByRole("table", { name: caption }).locator("tbody tr").allInnerTexts();
  }
}

export function commands(sent: readonly FromPanel[]): FromPanel[] {
  return sent.filter((message) => message.type === "command");
}
