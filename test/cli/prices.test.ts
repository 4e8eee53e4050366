import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changeLines, detailLines, priceLines } from "../../src/cli/priceTable.ts";
import { type PriceRow, priceListSchema, priceRowSchema, priceUpdateSchema } from "../../src/domain/priceApi.ts";
import { FREE_RATES, type Rates } from "../../src/domain/rates.ts";
import { copyWith, OneServer } from "../sidecar/priceWorld.ts";
import { CommandLine, endWith, type Finished, firstLine } from "./command.ts";

describe("prices on the command line", function () {
  // Processes are started; how long that takes is the machine's affair.
  this.timeout(120_000);
  let folder: string;
  let tollgate: CommandLine;
  let sidecar: ChildProcess;
  let source: OneServer;

  before(async () => {
    source = await OneServer.start((_, response) => response.writeHead(200).end(copyWith({ "gpt-4o": 3, o1: 150 })));
    folder = mkdtempSync(join(tmpdir(), "tollgate-prices-"));
    writeFileSync(join(folder, "config.json"), JSON.stringify({ pricesSource: source.url }));
    tollgate = new CommandLine({ TOLLGATE_DATA_DIR: folder });
    sidecar = tollgate.start(["serve", "--port", "0", "--json"]);
    await firstLine(sidecar);
  });
  after(async () => {
    await endWith(sidecar, "SIGTERM");
    await source.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const succeed = async (...args: string[]): Promise<Finished> => {
    const finished = await tollgate.run(["prices", ...args]);
    assert.equal(finished.code, 0, `tollgate prices ${args.join(" ")}: ${finished.err}`);
    return finished;
  };
  const fails = async (args: string[], code: number, words: RegExp): Promise<void> => {
    const finished = await tollgate.run(["prices", ...args]);
    assert.equal(finished.code, code, finished.err);
    assert.match(finished.err, words);
    assert.equal(finished.err.trim().split("\n").length, 1, finished.err);
  };

  it("are listed and shown, as a table and as JSON", async () => {
    const { out, err } = await succeed("list", "--provider", "openai", "--model", "gpt-5.4");
    assert.match(out, /^MODEL +PROVIDER +IN +CACHED +WRITES +OUT +BASIS +LONGER PROMPTS$/m);
    assert.match(
      out,
      /^gpt-5\.4 +openai +\$2\.50 +\$0\.25 +\$2\.50 +\$15\.00 +published +\$5\.00 in, \$22\.50 out above 271,999 tokens$/m,
    );
    assert.match(err, /^USD for a million tokens\. Published prices: genai-prices-/);
    const { prices } = priceListSchema.parse(JSON.parse((await succeed("list", "--model", "gpt-5.4", "--json")).out));
    assert.ok(prices.some(({ model }) => model === "gpt-5.4"));
    assert.match((await succeed("list", "--model", "no-such")).out, /No model is known by that name/);
    assert.match((await succeed("show", "openai", "gpt-4o")).out, /the published price of gpt-4o at openai/);
    assert.match(
      (await succeed("show", "openai", "no-such")).out,
      /tollgate prices set openai no-such --input USD --output USD$/m,
    );
    await fails(["show", "nowhere", "x"], 1, /No provider is named nowhere/);
  });

  it("are set and removed, and what makes no sense is named", async () => {
    const set = [
      "set",
      "openai",
      "mine",
      "--input",
      "3",
      "--output",
      "$6",
      "--cache-write-1h",
      "4",
      "--web-search",
      "0.02",
    ];
    const { out } = await succeed(...set, "--from", "2026-01-01");
    assert.equal(out, "openai/mine costs $3 in and $6 out for a million tokens from 2026-01-01\n");
    const row = priceRowSchema.parse(JSON.parse((await succeed("show", "openai", "mine", "--json")).out));
    assert.deepEqual(
      [row.basis, row.rates?.cacheWrite1h, row.rates?.cachedInput, row.rates?.webSearchNanoUsd],
      ["override", 4_000_000, 3_000_000, 20_000_000],
    );
    assert.match((await succeed("show", "openai", "mine")).out, /your price for openai\/mine, from 2026-01-01/);
    await fails(["set", "openai", "mine", "--input", "much", "--output", "1"], 2, /--input: "much" is not an amount/);
    await fails(["set", "openai", "mine", "--input", "1"], 2, /--output <usd>' not specified/);
    await fails(["set", "openai", "mine", "--input", "1", "--output", "1", "--until", "soon"], 2, /until: a day/);
    await fails(["set", "nowhere", "mine", "--input", "1", "--output", "1"], 1, /No provider is named nowhere/);
    assert.equal((await succeed("remove", "openai", "mine")).out, "Removed your price for openai/mine\n");
    await fails(["remove", "openai", "mine"], 1, /no price of your own for openai\/mine/);
  });

  it("are compared, updated, and accepted by name", async () => {
    const diff = await succeed("diff");
    assert.match(diff.out, /^openai\/gpt-4o +input +\$2\.50 +\$3\.00 +1\.2 times$/m);
    assert.match(diff.out, /^Held back until accepted: 1 model$/m);
    assert.match(diff.out, /^openai\/o1 +input +\$15\.00 +\$150\.00 +10 times$/m);
    assert.match(diff.err, /they came with Tollgate/);
    const { out, err } = await succeed("update");
    assert.match(out, /^The prices are prices-\d{4}-\d\d-\d\d-[0-9a-f]{8} now\.$/m);
    assert.match(err, /--accept NAME, or --accept-all/);
    assert.match((await succeed("diff", "--held-back")).out, /^openai\/o1 /m);
    await fails(["update", "--accept", "openai/gpt-4o"], 1, /openai\/gpt-4o is not held back/);
    await fails(["update", "--accept", "openai/o1", "--accept-all"], 2, /cannot be used with/);
    const accepted = priceUpdateSchema.parse(
      JSON.parse((await succeed("update", "--accept", "openai/o1", "--json")).out),
    );
    assert.deepEqual([accepted.outcome, accepted.changed.map(({ model }) => model)], ["updated", ["o1"]]);
    assert.match((await succeed("diff", "--held-back")).out, /Nothing is held back/);
    assert.match((await succeed("update")).out, /up to date/);
    source.answer = (_, response) => response.writeHead(503).end();
    await fails(["update"], 1, /answered with status 503/);
  });

  it("that only a default price tells are shown as such", async () => {
    const own = mkdtempSync(join(tmpdir(), "tollgate-default-price-"));
    writeFileSync(join(own, "config.json"), '{"defaultPrice":{"inputUsdPerMTok":15,"outputUsdPerMTok":75}}');
    const other = new CommandLine({ TOLLGATE_DATA_DIR: own });
    const server = other.start(["serve", "--port", "0", "--json"]);
    try {
      await firstLine(server);
      const told = async (...args: string[]) => (await other.run(args)).out;
      assert.match(await told("prices", "show", "openai", "no-such"), /^no-such of openai: your default price/);
      assert.doesNotMatch(await told("prices", "show", "openai", "gpt-4o"), /default/);
    } finally {
      await endWith(server, "SIGTERM");
      rmSync(own, { recursive: true, force: true });
    }
  });
});

describe("a table of prices", () => {
  const rates: Rates = { ...FREE_RATES, input: 2_500_000, cachedInput: 250_000, output: 15_000_000 };
  const row = (parts: Partial<PriceRow>): PriceRow => ({
    provider: "openai",
    model: "gpt-5.4",
    basis: "catalog",
    version: "prices-1",
    rates,
    tiers: [],
    source: null,
    ...parts,
  });

  it("fits the terminal", () => {
    const rows = [row({ model: "a-model-with-a-very-long-name-indeed" }), row({ tiers: [{ above: 1, rates }] })];
    for (const line of priceLines(rows, 80)) {
      assert.ok(line.length <= 80, line);
    }
    const change = {
      provider: "openrouter",
      model: "a/model-with-a-very-long-name-that-goes-on-and-on",
      before: rates,
      after: null,
      factor: null,
    };
    for (const line of changeLines({ added: [], gone: [], changed: [change], heldBack: [change] }, 80)) {
      assert.ok(line.length <= 80, line);
    }
  });

  it("counts what it does not name, and shows what nobody knows as such", () => {
    const gone = Array.from({ length: 30 }, (_, index) => ({ provider: "p", model: `m${index}` }));
    const lines = changeLines({ added: [], gone, changed: [], heldBack: [] }, 80);
    assert.deepEqual([lines.length, lines.at(-1)], [22, "  and 10 more; --json names them all"]);
    assert.match(priceLines([row({ basis: "unpriced", rates: null })], 80)[1] ?? "", /\?.*unknown/);
    assert.doesNotMatch(detailLines(row({ basis: "free", rates: FREE_RATES })).join(), /\$0/);
  });
});
