import assert from "node:assert/strict";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Provider, providerSchema } from "../../src/domain/config.ts";
import { ServerProbe } from "../../src/sidecar/compute/serverProbe.ts";

const NOW = Date.UTC(2026, 10, 21, 12);
const STARTED = Date.UTC(2026, 10, 20);

describe("a look at a server", () => {
  let server: Server;
  let provider: Provider;
  let asked: string[];
  /** The server's own clock; null where its answers do not tell it. */
  let clock: number | null;
  let metrics: string | null;

  const answer: RequestListener = (request, response) => {
    asked.push(request.url ?? "");
    response.sendDate = false;
    const head = clock === null ? {} : { date: new Date(clock).toUTCString() };
    const isMetrics = request.url === "/metrics";
    response.writeHead(isMetrics && metrics === null ? 404 : 200, head).end(isMetrics ? (metrics ?? "") : "");
  };

  before(async () => {
    server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    provider = providerSchema.parse({ protocol: "openai", baseUrl: `http://127.0.0.1:${port}/v1` });
  });
  beforeEach(() => {
    asked = [];
    clock = NOW;
    metrics = `process_start_time_seconds ${STARTED / 1_000}\n`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const probe = () =>
    new ServerProbe(
      () => NOW,
      () => null,
    );

  it("takes the start that it tells by this machine's clock, where the two differ by more than their seconds do", async () => {
    const startBy = async (ahead: number | null) => {
      clock = ahead === null ? null : NOW + ahead;
      return (await probe().look(provider, 5_000)).ownStart;
    };
    assert.deepEqual([await startBy(0), await startBy(3_000), await startBy(null)], [STARTED, STARTED, STARTED]);
    assert.equal(await startBy(3_600_000), STARTED - 3_600_000, "its clock is an hour ahead");
    assert.equal(await startBy(-60_000), STARTED + 60_000);
  });

  it("asks for metrics that were not there again, but not each time", async () => {
    metrics = null;
    const one = probe();
    for (let look = 0; look < 40; look += 1) {
      const { up, ownStart } = await one.look(provider, 5_000);
      assert.deepEqual([up, ownStart], [true, null]);
    }
    assert.equal(asked.filter((path) => path === "/metrics").length, 1);
    metrics = `process_start_time_seconds ${STARTED / 1_000}\n`;
    assert.equal((await one.look(provider, 5_000)).ownStart, STARTED);
    assert.equal((await one.look(provider, 5_000)).ownStart, STARTED);
  });
});
