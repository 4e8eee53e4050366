/** Draws media/icon.png from media/icon.svg: `node scripts/icon.ts`, with the browser of the tests. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { launchBrowser } from "../test/hosts/browser.ts";

const SIZE = 256;
const media = path.resolve(import.meta.dirname, "../media");

const svg = await readFile(path.join(media, "icon.svg"), "utf8");
const browser = await launchBrowser();
try {
  const page = await browser.newPage({ viewport: { width: SIZE, height: SIZE } });
  await page.setContent(`<style>body{margin:0}svg{display:block}</style>${svg}`);
  await page.screenshot({ path: path.join(media, "icon.png"), omitBackground: true });
} finally {
  await browser.close();
}
