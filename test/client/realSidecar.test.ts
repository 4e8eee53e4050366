import assert from "node:assert/strict";
import { join } from "node:path";
import { findSidecar } from "../../src/client/findSidecar.ts";
import { type LinkState, SidecarLink } from "../../src/client/sidecarLink.ts";
import type { TollgateEvent } from "../../src/domain/events.ts";
import { startUpstreams, type Upstreams } from "../upstreams/startUpstreams.ts";
import { makeTempFolder, removeFolder } from "./tempFolder.ts";

const sidecarPath = join(import.meta.dirname, "../../src/sidecar/main.ts");

describe("the link and the real sidecar", function () {
  // Processes are started; how long that takes is the machine's affair.
  this.timeout(60_000);
  let dataDir: string;
  let upstreams: Upstreams;
  const links: SidecarLink[] = [];

  before(async () => {
    upstreams = await startUpstreams();
  });
  after(() => upstreams.stop());
  beforeEach(() => {
    dataDir = makeTempFolder();
  });
  afterEach(async () => {
    for (const link of links.splice(0)) {
      link.dispose();
    }
    const left = await findSidecar(dataDir);
    if (left !== null) {
      process.kill(left.pid, "SIGKILL");
    }
    removeFolder(dataDir);
  });

  const makeLink = (graceMs = 60_000): SidecarLink => {
    const environment = { PATH: process.env.PATH, VLLM_ENDPOINT: upstreams.vllm.url };
    const link = new SidecarLink({ dataDir, sidecarPath, environment: () => environment, version: "0.1.0", graceMs });
    links.push(link);
    return link;
  };
  const until = (link: SidecarLink, kind: LinkState["kind"]): Promise<void> =>
    new Promise((resolve) => {
      const done = link.onState((state) => {
        if (state.kind === kind) {
          done();
          resolve();
        }
      });
    });
  const connect = async (link: SidecarLink): Promise<void> => {
    const connected = until(link, "connected");
    link.start();
    await connected;
  };
  const settled = (link: SidecarLink): Promise<TollgateEvent> =>
    new Promise((resolve) => {
      const done = link.onEvent((event) => {
        if (event.type === "call.settled") {
          done();
          resolve(event);
        }
      });
    });
  /** Makes one call to the simulated vLLM, and gives its id. */
  const call = async (link: SidecarLink): Promise<string> => {
    const { urls } = await (await link.ensure()).pass({ project: "link" });
    const response = await fetch(`${urls.vllm}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "qwen2.5-coder-7b", max_tokens: 10, messages: [{ role: "user", content: "hi" }] }),
    });
    await response.text();
    assert.equal(response.status, 200);
    return response.headers.get("x-tollgate-call-id") ?? "";
  };

  it("is one sidecar for two windows that open at once, and each hears the other's calls", async () => {
    const [one, other] = [makeLink(), makeLink()];
    await Promise.all([connect(one), connect(other)]);
    assert.equal(one.status?.pid, other.status?.pid);
    const heard = Promise.all([settled(one), settled(other)]);
    const id = await call(one);
    for (const event of await heard) {
      assert.ok(event.type === "call.settled" && event.call.id === id);
    }
  });

  it("is back at the same address after a kill, with every call that was booked", async () => {
    const link = makeLink();
    await connect(link);
    const id = await call(link);
    const client = await link.ensure();
    assert.equal((await client.call(id, 5_000)).status, "ok");
    const before = link.status;
    const again = until(link, "connected");
    process.kill(before?.pid ?? 0, "SIGKILL");
    await again;
    assert.notEqual(link.status?.pid, before?.pid);
    assert.equal(link.status?.url, before?.url);
    assert.equal((await (await link.ensure()).call(id)).id, id);
  });

  it("leaves when nobody has followed it for its grace time, and not before", async () => {
    const link = makeLink(300);
    await connect(link);
    const pid = link.status?.pid ?? 0;
    await new Promise((resolve) => setTimeout(resolve, 900));
    assert.equal((await findSidecar(dataDir))?.pid, pid, "an open stream keeps it");
    link.dispose();
    while ((await findSidecar(dataDir)) !== null) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });

  it("is replaced by another when asked to restart, without losing a call", async () => {
    const link = makeLink();
    await connect(link);
    const id = await call(link);
    const pid = link.status?.pid;
    const client = await link.restart();
    const status = await client.status();
    assert.notEqual(status.pid, pid);
    assert.equal((await client.call(id)).status, "ok");
  });
});
