import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../hosts/runCommand.ts";
import type { Workbench } from "../hosts/workbench.ts";
import { answerAfter, ask } from "./asking.ts";
import { ROOT, STATUS_ITEM, startWorld, type World } from "./world.ts";

describe("the packaged extension", () => {
  let folder: string;
  let world: World;
  let window: Workbench;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "tollgate-package-"));
    const vsixFile = join(folder, "tollgate.vsix");
    await runCommand("npm", ["run", "package", "--", "-o", vsixFile], { cwd: ROOT });
    world = await startWorld({ vsixFile });
    window = await world.open();
  });
  after(async () => {
    await world?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("is installed into a VS Code that has never seen it, and the first prompt works", async () => {
    await window.statusBar.whenReads(STATUS_ITEM, "figures", ({ text }) => text.includes("$0.00 today"));
    const answer = await answerAfter(window, () => ask(window, { prompt: "Does the package work?" }));
    assert.match(await answer.visibleText(), /“Does the package work\?”[\s\S]*Cost: \*\*\$0\.000\d+/);
    await window.statusBar.click(STATUS_ITEM);
    const panel = await window.webview("text=Spent today");
    await panel.getByText("1 call").first().waitFor();
    await window.screenshot("package-panel");
  });
});
