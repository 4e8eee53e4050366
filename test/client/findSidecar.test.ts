import assert from "node:assert/strict";
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findSidecar } from "../../src/client/findSidecar.ts";
import { socketPath } from "../../src/domain/dataFolder.ts";
import { type FakeSidecar, startFakeSidecar } from "./fakeSidecar.ts";
import { makeTempFolder, removeFolder } from "./tempFolder.ts";

describe("finding the sidecar", () => {
  let dataDir: string;
  let fake: FakeSidecar | undefined;

  beforeEach(() => {
    dataDir = makeTempFolder();
  });
  afterEach(async () => {
    await fake?.stop();
    fake = undefined;
    removeFolder(dataDir);
  });

  it("gives its address, token, process and version", async () => {
    fake = await startFakeSidecar({ dataDir, version: "3.2.1" });
    const { url, token } = fake;
    assert.deepEqual(await findSidecar(dataDir), { url, token, pid: process.pid, version: "3.2.1", protocol: 1 });
  });

  it("finds nobody in an empty folder, nor behind a socket that was left over", async () => {
    assert.equal(await findSidecar(dataDir), null);
    assert.equal(await findSidecar(join(dataDir, "missing")), null);
    writeFileSync(socketPath(dataDir, process.platform, tmpdir()), "");
    assert.equal(await findSidecar(dataDir), null);
  });

  it("knows a folder by another path to it", async () => {
    fake = await startFakeSidecar({ dataDir });
    const link = `${dataDir}-link`;
    symlinkSync(dataDir, link);
    try {
      assert.equal((await findSidecar(link))?.url, fake.url);
    } finally {
      removeFolder(link);
    }
  });

  it("does not take the sidecar of another folder", async () => {
    fake = await startFakeSidecar({ dataDir, claimedDataDir: tmpdir() });
    await assert.rejects(findSidecar(dataDir), { name: "SidecarUnavailableError", message: /serves another folder/ });
  });

  it("sends no token to who holds the socket but is not what the folder names", async () => {
    fake = await startFakeSidecar({ dataDir, announcedUrl: "http://127.0.0.1:1" });
    await assert.rejects(findSidecar(dataDir), { name: "SidecarUnavailableError", message: /not the sidecar/ });
    rmSync(join(dataDir, "sidecar.json"));
    assert.equal(await findSidecar(dataDir), null);
  });

  it("says which process holds the folder without answering", async () => {
    fake = await startFakeSidecar({ dataDir, mute: true });
    writeFileSync(join(dataDir, "sidecar.json"), JSON.stringify({ pid: 4711 }));
    await assert.rejects(findSidecar(dataDir, 20), {
      name: "SidecarUnavailableError",
      message: /process 4711.*does not answer/,
    });
  });
});
