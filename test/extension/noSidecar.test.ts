import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Workbench } from "../hosts/workbench.ts";
import { STATUS_ITEM, startWorld, type World } from "./world.ts";

describe("a sidecar that cannot start", () => {
  let folder: string;
  let world: World;
  let window: Workbench;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "tollgate-blocked-"));
    await writeFile(join(folder, "file"), "in the way");
    world = await startWorld({ env: { TOLLGATE_DATA_DIR: join(folder, "file", "data") } });
    window = await world.open();
  });
  after(async () => {
    await world?.stop();
    await rm(folder, { recursive: true });
  });

  it("is shown with its reason, calls are refused, and it starts by itself once it can", async () => {
    const down = await window.statusBar.whenReads(STATUS_ITEM, "that it is down", ({ kind }) => kind === "error");
    assert.equal(down.text, "Tollgate is down");
    assert.match(down.ariaLabel, /calls are refused.*data folder/);
    await window.runCommand("Tollgate: Ask…");
    const refused = await window.notifications.find("data folder");
    assert.deepEqual(refused.buttons, ["Show Log", "Restart Sidecar"]);
    await window.screenshot("sidecar-down");
    assert.deepEqual(world.upstreams.openai.requests, []);

    await rm(join(folder, "file"));
    await window.notifications.press("data folder", "Restart Sidecar");
    await window.statusBar.whenReads(
      STATUS_ITEM,
      "figures",
      ({ text, kind }) => text.includes("$") && kind === "standard",
    );
  });
});
