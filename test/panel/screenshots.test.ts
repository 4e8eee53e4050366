import { strict as assert } from "node:assert";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { ToPanel } from "../../src/domain/panelMessages.ts";
import { PanelBrowser } from "./panelPage.ts";
import { emptyOverview, sampleOverview } from "./sampleOverview.ts";
import { THEMES, type ThemeName } from "./themes.ts";

const FOLDER = path.resolve(import.meta.dirname, "../../out/screenshots");

const VIEWS: ReadonlyArray<readonly [name: string, messages: readonly ToPanel[]]> = [
  ["full", [{ type: "overview", overview: sampleOverview() }]],
  ["empty", [{ type: "overview", overview: emptyOverview() }]],
  [
    "unavailable",
    [
      { type: "overview", overview: sampleOverview() },
      { type: "unavailable", reason: "The sidecar stopped with code 1; it is tried again in 8 s." },
    ],
  ],
];

describe("the panel to look at", function () {
  this.timeout(60_000);
  let browser: PanelBrowser;

  before(async () => {
    await mkdir(FOLDER, { recursive: true });
    browser = await PanelBrowser.start();
  });
  after(() => browser?.stop());

  for (const theme of Object.keys(THEMES) as ThemeName[]) {
    for (const width of [400, 1200]) {
      for (const [name, messages] of VIEWS) {
        it(`fits ${width} px in ${theme}: ${name}`, async () => {
          const panel = await browser.open({ theme, width });
          for (const message of messages) {
            await panel.push(message);
          }
          await panel.page.screenshot({
            path: path.join(FOLDER, `panel-${name}-${theme}-${width}.png`),
            fullPage: true,
          });
          const overhang = await panel.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
          assert.ok(overhang <= 0, `the page is ${overhang} px wider than the view`);
          assert.deepEqual(panel.complaints, []);
          await panel.close();
        });
      }
    }
  }
});
