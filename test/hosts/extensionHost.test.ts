import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findSidecar } from "../../src/client/findSidecar.ts";
import { runInExtensionHost } from "./extensionHost.ts";

describe("In VS Code's extension host", () => {
  let dataDir: string;

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "tollgate-smoke-"));
  });

  afterEach(async () => {
    const sidecar = await findSidecar(dataDir);
    if (sidecar) process.kill(sidecar.pid, "SIGKILL");
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  });

  it("Tollgate starts, and every command that its manifest declares exists", () =>
    runInExtensionHost({
      extensionFolder: join(import.meta.dirname, "..", ".."),
      testModule: join(import.meta.dirname, "smoke.ts"),
      env: { TOLLGATE_DATA_DIR: dataDir },
    }));
});
