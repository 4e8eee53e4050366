import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findSidecar } from "../../src/client/findSidecar.ts";
import { type LinkState, SidecarLink } from "../../src/client/sidecarLink.ts";
import { type FakeSidecar, startFakeSidecar } from "./fakeSidecar.ts";
import { killStarted, makeTempFolder, removeFolder, startedPids } from "./tempFolder.ts";

const sidecarPath = join(import.meta.dirname, "fakeSidecarProcess.ts");

describe("the link to the sidecar", function () {
  // Processes are started; how long that takes is the machine's affair.
  this.timeout(60_000);
  let dataDir: string;
  const links: SidecarLink[] = [];
  const fakes: FakeSidecar[] = [];

  beforeEach(() => {
    dataDir = makeTempFolder();
  });
  afterEach(async () => {
    for (const link of links.splice(0)) {
      link.dispose();
    }
    killStarted(dataDir);
    await Promise.all(fakes.splice(0).map((fake) => fake.stop()));
    removeFolder(dataDir);
  });

  const makeLink = (environment: Record<string, string> = {}, version = "0.1.0"): SidecarLink => {
    const link = new SidecarLink({
      dataDir,
      sidecarPath,
      environment: () => ({ ...process.env, ...environment }),
      version,
    });
    links.push(link);
    return link;
  };
  const fakeHere = async (version?: string, onShutdown?: () => void): Promise<FakeSidecar> => {
    const fake = await startFakeSidecar({
      dataDir,
      ...(version === undefined ? {} : { version }),
      ...(onShutdown === undefined ? {} : { onShutdown }),
    });
    fakes.push(fake);
    return fake;
  };
  const until = (link: SidecarLink, kind: LinkState["kind"]): Promise<LinkState> =>
    new Promise((resolve) => {
      const done = link.onState((state) => {
        if (state.kind === kind) {
          done();
          resolve(state);
        }
      });
    });

  it("takes the sidecar that runs", async () => {
    const fake = await fakeHere();
    assert.equal((await makeLink().ensure()).url, fake.url);
    assert.deepEqual(startedPids(dataDir), []);
  });

  it("starts one sidecar for many who ask at once", async () => {
    const link = makeLink();
    const clients = await Promise.all([link.ensure(), link.ensure(), link.ensure()]);
    assert.equal(new Set(clients.map(({ url }) => url)).size, 1);
    assert.equal((await clients[0]?.status())?.dataDir, dataDir);
    assert.equal(startedPids(dataDir).length, 1);
  });

  for (const [behaviour, words] of [
    ["throws", /could not start: the ledger is made of cheese$/],
    ["fails", /could not start: config\.json: budgets: two budgets have the same name$/],
    ["silent", /could not start: .* ended with code 7$/],
  ] as const) {
    it(`says in one line why a sidecar that ${behaviour} did not start`, async () => {
      const link = makeLink({ FAKE_SIDECAR: behaviour });
      await assert.rejects(link.ensure(), { name: "SidecarUnavailableError", message: words });
    });
  }

  it("says that a program cannot be run", async () => {
    const link = new SidecarLink({
      dataDir,
      sidecarPath,
      nodePath: join(dataDir, "no-such-node"),
      environment: () => process.env,
      version: "0.1.0",
    });
    links.push(link);
    await assert.rejects(link.ensure(), { name: "SidecarUnavailableError", message: /no-such-node/ });
  });

  it("gives up on an election that it always loses to nobody", async () => {
    await assert.rejects(makeLink({ FAKE_SIDECAR: "loses" }).ensure(), { name: "SidecarUnavailableError" });
  });

  it("replaces an older sidecar, and keeps a newer one of the same protocol", async () => {
    let asked = 0;
    const old: FakeSidecar = await fakeHere("0.9.0", () => {
      asked += 1;
      void old.stop();
    });
    const client = await makeLink({ FAKE_VERSION: "0.10.0" }, "0.10.0").ensure();
    assert.equal(asked, 1);
    assert.equal((await client.status()).version, "0.10.0");
    assert.equal((await makeLink({}, "0.9.5").ensure()).url, client.url);
    assert.equal(startedPids(dataDir).length, 1);
  });

  it("keeps a log that a sidecar's words go to, and sets a long one aside", async () => {
    const log = join(dataDir, "sidecar.log");
    writeFileSync(log, "x".repeat(1_000_001));
    await assert.rejects(makeLink({ FAKE_SIDECAR: "throws" }).ensure());
    assert.match(readFileSync(log, "utf8"), /cheese/);
    assert.doesNotMatch(readFileSync(log, "utf8"), /xxx/);
    assert.match(readFileSync(`${log}.1`, "utf8"), /^xxx/);
  });

  it("tells figures and events while it is started, and nothing after its end", async () => {
    const fake = await fakeHere();
    const link = makeLink();
    const heard: string[] = [];
    link.onStatus((status) => heard.push(`today ${status.today.calls}`));
    const event = new Promise<void>((resolve) => {
      link.onEvent(({ type }) => {
        heard.push(type);
        resolve();
      });
    });
    const connected = until(link, "connected");
    link.start();
    assert.deepEqual(await connected, { kind: "connected", url: fake.url });
    fake.send('event: price.changed\nid: 1\ndata: {"type":"price.changed","seq":1,"at":1,"by":"api"}\n\n');
    await event;
    assert.deepEqual(heard, ["today 3", "price.changed"]);
    assert.equal(link.status?.today.calls, 3);
  });

  it("follows again after its stream was cut, to the same sidecar", async () => {
    const fake = await fakeHere();
    const link = makeLink();
    const connected = until(link, "connected");
    link.start();
    await connected;
    const again = until(link, "connected");
    fake.cutStreams();
    await again;
    assert.deepEqual(startedPids(dataDir), []);
  });

  it("starts a sidecar again when it has been killed", async () => {
    const link = makeLink();
    const connected = until(link, "connected");
    link.start();
    await connected;
    const again = until(link, "connected");
    process.kill(startedPids(dataDir)[0] ?? 0, "SIGKILL");
    await again;
    assert.equal(startedPids(dataDir).length, 2);
    assert.equal((await findSidecar(dataDir))?.pid, startedPids(dataDir)[1]);
  });

  it("says why nobody is there, and connects once somebody is", async () => {
    const link = makeLink({ FAKE_SIDECAR: "throws" });
    const failed = until(link, "unavailable");
    link.start();
    assert.match(((await failed) as { reason: string }).reason, /cheese/);
    const connected = until(link, "connected");
    await fakeHere();
    await link.ensure();
    await connected;
  });

  it("restarts the sidecar when asked to", async () => {
    const link = makeLink();
    await link.ensure();
    const client = await link.restart();
    assert.equal(startedPids(dataDir).length, 2);
    assert.equal((await client.status()).dataDir, dataDir);
  });
});
