import type { Workbench } from "../hosts/workbench.ts";
import { startWorld, type World } from "./world.ts";

let shared: Promise<{ world: World; window: Workbench }> | undefined;

/**
 * One VS Code for all tests that can live with what others have spent before: each start costs seconds. Editors that others have
 * left open are closed: in narrow columns, what is looked for scrolls out of sight.
 */
export async function sharedWorld(): Promise<{ world: World; window: Workbench }> {
  if (shared === undefined) {
    shared = (async () => {
      const world = await startWorld();
      return { world, window: await world.open() };
    })();
  } else {
    const { window } = await shared;
    await window.closeEditors();
  }
  return shared;
}

after(async () => {
  const world = (await shared?.catch(() => undefined))?.world;
  await world?.stop();
});

/** For `afterEach`: what a person would need to see why a test failed, in a second window too. */
export async function reportFailure(
  context: Mocha.Context,
  world: World,
  window: Workbench,
  second?: Workbench,
): Promise<void> {
  if (context.currentTest?.state === "failed") {
    const name = `failed-${context.currentTest.title.replace(/\W+/g, "-").slice(0, 60)}`;
    const shown = [await window.screenshot(name), await second?.screenshot(`${name}-second`)];
    console.log(`      ${shown.join("\n      ")}\n${await world.server.extensionLogs()}`);
  }
  await window.notifications.dismiss();
  if (await window.quickInput.isOpen()) {
    await window.quickInput.cancel();
  }
}
