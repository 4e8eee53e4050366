import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ApiError } from "../../src/client/apiError.ts";
import type { TollgateEvent } from "../../src/domain/events.ts";
import { CATALOG_VERSION } from "../../src/domain/prices/builtInCatalog.ts";
import { parseCatalog } from "../../src/domain/prices/catalogData.ts";
import { fetchPrices, LARGEST_COPY } from "../../src/sidecar/prices/priceSource.ts";
import { copyWith, etagOf, type OneServer, PriceWorld } from "./priceWorld.ts";
import type { RunningSidecar } from "./runSidecar.ts";

describe("newer published prices, through the real sidecar process", function () {
  this.timeout(60_000);
  const world = new PriceWorld();

  it("are fetched only when somebody asks, told who did, and hold back what jumps until it is accepted", async () => {
    const running = await world.start();
    const events: TollgateEvent[] = [];
    const stop = new AbortController();
    const heard = new Promise<void>((resolve) => {
      running.api.subscribe(
        { onStatus: () => resolve(), onEvent: (event) => events.push(event), onClose: () => {} },
        stop.signal,
      );
    });
    await heard;
    assert.equal(world.source.requests.length, 0);
    world.copy = copyWith({ "gpt-4o": 3, "gpt-4o-mini": 15 });
    const seen = await running.api.prices.update({ dryRun: true, by: "ann" });
    assert.deepEqual(
      [seen.outcome, seen.version, seen.changed.length, seen.heldBack.length],
      ["compared", CATALOG_VERSION, 1, 1],
    );
    assert.equal((await running.api.prices.state()).fetchedAt, null);

    const done = await running.api.prices.update({ by: "ann" });
    assert.deepEqual(
      [done.outcome, done.heldBack.map(({ model, factor }) => [model, factor])],
      ["updated", [["gpt-4o-mini", 100]]],
    );
    assert.match(done.version, /^prices-\d{4}-\d\d-\d\d-[0-9a-f]{8}$/);
    assert.equal((await running.api.prices.show("openai", "gpt-4o")).rates?.input, 3_000_000);
    assert.equal((await running.api.prices.show("openai", "gpt-4o-mini")).rates?.input, 150_000);
    assert.equal((await world.send("openai", "gpt-4o")).priceVersion, done.version);
    assert.equal((await running.api.prices.update({ by: "ann" })).outcome, "unchanged");
    assert.equal(world.source.requests.at(-1)?.headers["if-none-match"], etagOf(world.copy));

    const asked = world.source.requests.length;
    await assert.rejects(
      running.api.prices.update({ accept: ["openai/gpt-4o"], by: "ben" }),
      /openai\/gpt-4o is not held back/,
    );
    const accepted = await running.api.prices.update({ accept: ["openai/gpt-4o-mini"], by: "ben" });
    assert.deepEqual([accepted.outcome, accepted.heldBack], ["updated", []]);
    assert.equal(world.source.requests.length, asked, "what was seen is what is accepted");
    assert.equal((await running.api.prices.show("openai", "gpt-4o-mini")).rates?.input, 15_000_000);
    await running.api.prices.set({ provider: "openai", model: "x", inputUsdPerMTok: 1, outputUsdPerMTok: 1 }, "cleo");
    const whos = () => events.flatMap((event) => (event.type === "price.changed" ? [event.by] : []));
    while (whos().length < 3) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(whos(), ["ann", "ben", "cleo"]);
    stop.abort();
  });

  it("last beyond the process and without their source, in a file for this user alone", async () => {
    world.copy = copyWith({ "gpt-4o": 3, "gpt-4o-mini": 15 });
    const { version } = await (await world.start()).api.prices.update({ by: "ann" });
    await world.stop();
    const asked = world.source.requests.length;
    const running = await world.start();
    assert.equal((await running.api.prices.show("openai", "gpt-4o")).rates?.input, 3_000_000);
    const state = await running.api.prices.state();
    assert.deepEqual([state.version, state.heldBack.map(({ model }) => model)], [version, ["gpt-4o-mini"]]);
    assert.equal(world.source.requests.length, asked);
    assert.equal(statSync(join(world.dataDir, "prices.json")).mode & 0o777, 0o600);
  });

  it("are the built-in ones where the copy is damaged, which is set aside and said", async () => {
    world.copy = copyWith({ "gpt-4o": 3 });
    await (await world.start()).api.prices.update({ by: "ann" });
    const file = join(world.dataDir, "prices.json");
    const text = readFileSync(file, "utf8");
    const damages: Array<(text: string) => string> = [
      (whole) => whole.slice(0, whole.length / 2),
      (whole) => whole.replace('\\"input_mtok\\":3,', '\\"input_mtok\\":0,'),
      (whole) => whole.replace('"fetchedAt":', '"fetchedA":'),
      () => "",
    ];
    for (const damage of damages) {
      await world.stop();
      writeFileSync(file, damage(text));
      const running = await world.start();
      assert.equal((await running.api.prices.show("openai", "gpt-4o")).version, CATALOG_VERSION);
      const notices = (await running.api.status()).notices.join();
      assert.match(notices, /^The copy of the published prices cannot be read \([^{[]+\) and was set aside as/);
      assert.equal(readFileSync(`${file}.damaged`, "utf8"), damage(text));
    }
    const running = world.sidecar;
    assert.equal((await running.api.prices.update({ by: "ann" })).outcome, "updated");
    assert.deepEqual((await running.api.status()).notices, []);
  });

  it("are left as they are by a source that sends anything else", async () => {
    const running = await world.start();
    const refuses = async (answer: OneServer["answer"], what: RegExp) => {
      world.source.answer = answer;
      await assert.rejects(running.api.prices.update({ by: "ann" }), (error: Error) => {
        assert.ok(error instanceof ApiError && error.status === 502, String(error));
        assert.match(error.message, what);
        return true;
      });
      const state = await running.api.prices.state();
      assert.deepEqual([state.version, state.fetchedAt], [CATALOG_VERSION, null]);
      assert.match(state.trouble ?? "", what);
    };
    await refuses((_, response) => void response.writeHead(200).end("[]"), /not a catalogue of prices/);
    await refuses((_, response) => void response.writeHead(200).end("<html>"), /not a catalogue of prices/);
    await refuses((_, response) => void response.writeHead(500).end(), /answered with status 500/);
    await refuses((_, response) => void response.writeHead(304).end(), /sends nothing/);
    await refuses(
      (_, response) => void response.writeHead(302, { location: "http://other.example/" }).end(),
      /redirect to http:\/\/other\.example\//,
    );
    await refuses((_, response) => void response.destroy(), /cannot be reached/);
    const [first] = parseCatalog(JSON.parse(world.copy));
    await refuses((_, response) => void response.writeHead(200).end(JSON.stringify([first])), /lacks \d+ of the/);
    await refuses((_, response) => {
      response.writeHead(200);
      const piece = Buffer.alloc(1024 * 1024, 32);
      for (let size = 0; size <= LARGEST_COPY; size += piece.length) {
        response.write(piece);
      }
      response.end();
    }, /more than 20 MB/);
  });

  it("give a silent source no more than its time", async () => {
    world.source.answer = () => {};
    await assert.rejects(fetchPrices(world.source.url, null, new AbortController().signal, 50), /within 0\.05 s/);
    const stop = new AbortController();
    const fetched = fetchPrices(world.source.url, null, stop.signal);
    stop.abort();
    await assert.rejects(fetched, { name: "PriceSourceError" });
  });

  it("come weekly where that is wanted, and at once where the last copy is a week old", async () => {
    world.copy = copyWith({ "gpt-4o": 3 });
    const running = await world.start();
    assert.equal(world.source.requests.length, 0);
    await running.api.changeConfig({ priceUpdates: "weekly" });
    const updated = async (from: RunningSidecar, wanted: number) => {
      while ((await from.api.prices.show("openai", "gpt-4o")).rates?.input !== wanted) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await updated(running, 3_000_000);
    await world.stop();
    const again = await world.start({ priceUpdates: "weekly" });
    assert.equal((await again.api.prices.state()).updates, "weekly");
    assert.equal(world.source.requests.length, 1, "a fresh copy is not asked for again");
    await world.stop();
    const file = join(world.dataDir, "prices.json");
    const kept = JSON.parse(readFileSync(file, "utf8"));
    writeFileSync(file, JSON.stringify({ ...kept, checkedAt: kept.checkedAt - 7 * 86_400_000 - 1 }));
    world.copy = copyWith({ "gpt-4o": 4 });
    await updated(await world.start({ priceUpdates: "weekly" }), 4_000_000);
  });

  it("are fetched over the network encrypted only", async () => {
    const running = await world.start();
    for (const pricesSource of [
      "http://prices.example/data.json",
      "file:///etc/passwd",
      "ftp://x",
      "https://me:key@x.example/",
    ]) {
      await assert.rejects(running.api.changeConfig({ pricesSource }), /pricesSource: must be an https:\/\/ address/);
    }
  });
});
