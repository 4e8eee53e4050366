import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Estimates, estimatesSchema, modelDetailSchema, modelListSchema } from "../../src/domain/modelApi.ts";
import { startUpstreams, type Upstreams } from "../upstreams/startUpstreams.ts";
import { CommandLine, endWith, type Finished, firstLine } from "./command.ts";

describe("models and estimates on the command line", function () {
  // Processes are started; how long that takes is the machine's affair.
  this.timeout(120_000);
  let upstreams: Upstreams;
  let folder: string;
  let tollgate: CommandLine;
  let sidecar: ChildProcess;

  before(async () => {
    upstreams = await startUpstreams();
    folder = mkdtempSync(join(tmpdir(), "tollgate-models-"));
    const config = join(folder, "tollgate.json");
    writeFileSync(
      config,
      JSON.stringify({
        providers: {
          openai: { protocol: "openai", baseUrl: upstreams.openai.url },
          anthropic: { protocol: "anthropic", baseUrl: upstreams.anthropic.url },
          house: { protocol: "openai", baseUrl: upstreams.openai.url },
          vllm: {
            protocol: "openai",
            baseUrl: upstreams.vllm.url,
            pricing: { kind: "compute-hour", hourlyRateUsd: 0.16 },
          },
        },
        prices: [{ provider: "house", model: "acme-large-2", inputUsdPerMTok: 0.0375, outputUsdPerMTok: 2 }],
        budgets: [{ name: "month", limitUsd: 0.5, window: "month" }],
      }),
    );
    tollgate = new CommandLine({
      TOLLGATE_DATA_DIR: join(folder, "data"),
      OPENAI_API_KEY: "sk-test",
      ANTHROPIC_API_KEY: "sk-ant-test",
    });
    sidecar = tollgate.start(["serve", "--port", "0", "--config", config, "--json"]);
    await firstLine(sidecar);
  });
  after(async () => {
    if (sidecar !== undefined) {
      await endWith(sidecar, "SIGTERM");
    }
    await upstreams.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const succeed = async (args: string[], options = {}): Promise<Finished> => {
    const finished = await tollgate.run(args, options);
    assert.equal(finished.code, 0, `tollgate ${args.join(" ")}: ${finished.err}`);
    return finished;
  };
  const fails = async (args: string[], code: number, words: RegExp): Promise<void> => {
    const finished = await tollgate.run(args);
    assert.equal(finished.code, code, finished.err);
    assert.match(finished.err, words);
    assert.equal(finished.err.trim().split("\n").length, 1, finished.err);
  };
  const estimates = async (args: string[], options = {}): Promise<Estimates> =>
    estimatesSchema.parse(JSON.parse((await succeed(["estimate", ...args, "--json"], options)).out));

  describe("models", () => {
    it("lists prices to their last digit, windows and abilities; what nobody knows as unknown", async () => {
      const { out, err } = await succeed(["models", "--provider", "house"]);
      assert.match(out, /^MODEL +PROVIDER +IN +CACHED +OUT +CONTEXT +TIER +ABILITIES\n/);
      assert.match(out, /^acme-large-2 +house +\$0\.0375 +\$0\.0375 +\$2\.00 +\? +\?$/m);
      assert.match(err, /USD for a million tokens/);
      assert.match(
        (await succeed(["models", "--provider", "vllm"])).out,
        /qwen2\.5-coder-7b +vllm +by hour +32\.7k +coding +coding/,
      );
    });

    it("lists those that can do something, the cheapest first, as JSON too", async () => {
      const args = ["models", "--ability", "vision", "--ability", "reasoning", "--tier", "complex", "--json"];
      const { models } = modelListSchema.parse(JSON.parse((await succeed(args)).out));
      assert.ok(models.length > 3);
      for (const { abilities } of models) {
        assert.ok(abilities.vision === true && abilities.reasoning === true);
      }
      const { out } = await succeed(["models", "--tier", "coding"]);
      assert.match(out.split("\n")[1] ?? "", /^qwen2\.5-coder-7b/);
    });

    it("shows what a name means and what is known of it", async () => {
      const { out } = await succeed(["models", "show", "Sonnet"]);
      assert.match(out, /^claude-sonnet-5 of anthropic, which Sonnet now stands for\n/);
      assert.match(out, /^ {2}Price {5}\$2\.00 in, \$0\.20 cached, \$10\.00 out for a million tokens \(genai-prices/m);
      assert.match(out, /^ {2}Can {7}tools, vision, reasoning, coding$/m);
      assert.match(out, /^ {2}Source {4}Anthropic/m);
      assert.match(out, /^ {2}Estimates no call has been compared/m);
      const detail = modelDetailSchema.parse(JSON.parse((await succeed(["models", "show", "gpt-4o", "--json"])).out));
      assert.deepEqual([detail.by, detail.rates?.output], ["name", 10_000_000]);
    });

    it("says in one line what is wrong", async () => {
      await fails(["models", "--ability", "flying"], 2, /--ability: "flying" is none of tools/);
      await fails(["models", "--tier", "huge"], 2, /tier/);
      await fails(["models", "--provider", "moon"], 1, /No provider is named moon/);
      await fails(["models", "show", "no-such-model"], 1, /no-such-model/);
    });
  });

  describe("ask", () => {
    it("takes an alias for its model, at a provider whose key is set, and says so", async () => {
      upstreams.anthropic.script.next({ text: "Aliased." });
      const { out, err } = await succeed(["ask", "--model", "sonnet", "--max-tokens", "50", "hi"]);
      assert.equal(out, "Aliased.\n");
      assert.match(err, /^tollgate: sonnet is claude-sonnet-5 \(anthropic\)\n/);
      assert.match(upstreams.anthropic.requests.at(-1)?.rawBody ?? "", /"claude-sonnet-5"/);
      upstreams.vllm.script.next({ text: "Local." });
      const local = await succeed(["ask", "--model", "qwen", "--max-tokens", "50", "hi"]);
      assert.match(local.err, /^tollgate: qwen is qwen2\.5-coder-7b \(vllm\)\n/);
      const named = await succeed(["ask", "--model", "gpt-5-mini", "--max-tokens", "50", "hi"]);
      assert.doesNotMatch(named.err, / is /);
    });
  });

  describe("estimate", () => {
    it("compares models in a table, and says what it takes for granted", async () => {
      const models = ["--model", "house/acme-large-2", "--model", "haiku", "--model", "qwen"];
      const { out, err } = await succeed(["estimate", ...models, "--output-tokens", "100", "How are amounts added?"]);
      const [head = "", house = "", claude = "", local = "", ...remarks] = out.trimEnd().split("\n");
      assert.match(head, /^MODEL +PROVIDER +INPUT +ANSWER +EXPECTED +AT MOST$/);
      assert.match(house, /^acme-large-2 +house +\d\d +100 +\$0\.00020 +\$0\.00021$/);
      assert.match(claude, /^claude-haiku-4-5 +anthropic +\d\d +100 +\$0\.00052 +\$0\.0\d+$/);
      assert.match(local, /^qwen2\.5-coder-7b +vllm +\d\d +100 +\$0\.00 +\$0\.00$/);
      assert.deepEqual(remarks, [
        "No input is taken to come from a provider's cache (--cached-share).",
        "qwen2.5-coder-7b: no cost of its own, the server is paid by the hour.",
      ]);
      assert.match(err, /^tollgate: haiku is claude-haiku-4-5 \(anthropic\)$/m);
    });

    it("knows what is usual of a model, and how long its answers can be", async () => {
      const { out } = await succeed(["estimate", "--model", "gpt-4o", "hi"]);
      assert.match(out, /At most: with answers as long as each model can give/);
      const [one] = (await estimates(["--model", "gpt-4o", "hi"])).estimates;
      assert.equal(one?.usualOutputTokens, 600);
      assert.ok((one?.worstCaseNanoUsd ?? 0) >= 16_384 * 10_000);
    });

    it("sums up a batch, a text a line or as batch APIs have it, and prices a thousand", async () => {
      const lines = join(folder, "prompts.txt");
      writeFileSync(lines, Array.from({ length: 2_500 }, (_, index) => `Number ${index}.`).join("\n"));
      const args = ["--model", "house/acme-large-2", "--output-tokens", "10", "--cached-share", "0.5"];
      const text = await estimates([...args, "--batch", lines]);
      assert.equal(text.prompts, 2_500);
      assert.equal(text.cachedShare, 0.5);
      const [one] = text.estimates;
      const perPrompt = (one?.expectedNanoUsd ?? 0) / 2_500;
      assert.ok(perPrompt > 10 * 2_000 && perPrompt < 10 * 2_000 + 30 * 38, String(perPrompt));
      const { out } = await succeed(["estimate", ...args, "--batch", lines]);
      assert.match(out, /EACH ANSWER +EXPECTED +AT MOST +PER 1,000\n.* \$0\.05\d+ +\$0\.0\d+ +\$0\.02\d+\n/);
      assert.match(out, /For 2,500 prompts\.\n50% of the input is taken to come from the provider's cache\./);
      const jsonl = join(folder, "batch.jsonl");
      writeFileSync(jsonl, `"Alone."\n\n{"prompt":"Two"}\n{"body":{"messages":[{"role":"user","content":"Three"}]}}\n`);
      assert.equal((await estimates([...args, "--batch", jsonl])).prompts, 3);
      writeFileSync(jsonl, `{"prompt":"Two"}\n{"no":"prompt"}\n`);
      await fails(["estimate", "--batch", jsonl], 2, /--batch: batch\.jsonl: line 2 holds no prompt/);
    });

    it("takes as much from the cache as earlier prompts did, and says how much", async () => {
      const long = "The budget holds the worst case of every call. ".repeat(400);
      for (let prompt = 0; prompt < 5; prompt += 1) {
        const usage = { prompt_tokens: 4_000, completion_tokens: 9, prompt_tokens_details: { cached_tokens: 3_200 } };
        upstreams.openai.script.next({ usage });
        await succeed(["ask", "--model", "gpt-5-mini", "--max-tokens", "50", long]);
      }
      const args = ["--model", "gpt-5-mini", "--output-tokens", "10"];
      const { out } = await succeed(["estimate", ...args, long]);
      assert.match(
        out,
        /^Of the input, this much is taken to come from the provider's cache, as with earlier calls: 80% with gpt-5-mini/m,
      );
      const [learned] = (await estimates([...args, long])).estimates;
      const [none] = (await estimates([...args, "--cached-share", "0", long])).estimates;
      assert.ok((learned?.expectedNanoUsd ?? 0) < 0.6 * (none?.expectedNanoUsd ?? 0));
      assert.equal(learned?.worstCaseNanoUsd, none?.worstCaseNanoUsd);
    });

    it("takes the models used most where none is named", async () => {
      const used = (await estimates(["hi"])).estimates.map(({ provider }) => provider);
      assert.deepEqual(used.toSorted(), ["anthropic", "openai", "vllm"]);
      const [one, ...rest] = (await estimates(["--provider", "vllm", "hi"])).estimates;
      assert.deepEqual([one?.model, rest.length], ["qwen2.5-coder-7b", 0]);
    });

    it("reads a file or standard input, and tells where a budget or a context is too small", async () => {
      const file = join(folder, "long.md");
      writeFileSync(file, "The budget holds the worst case of every call. ".repeat(4_000));
      const { out } = await succeed(["estimate", "--file", file, "--model", "qwen", "--model", "gpt-5-pro"]);
      assert.match(out, /qwen2\.5-coder-7b: a prompt is too long for its context of 32\.7k tokens\./);
      assert.match(out, /gpt-5-pro: the budget month has \$0\.\d+ left, less than it can come to\./);
      const piped = await estimates(["--model", "gpt-4o"], { input: "from a pipe" });
      assert.ok((piped.estimates[0]?.inputTokens ?? 0) < 20);
    });

    it("says in one line what is wrong", async () => {
      await fails(["estimate", "--cached-share", "2", "hi"], 2, /--cached-share: "2" is not a share/);
      await fails(["estimate", "--output-tokens", "none", "hi"], 2, /--output-tokens/);
      await fails(["estimate", "--model", "no-such-model", "hi"], 1, /no-such-model/);
      await fails(["estimate", "--file", join(folder, "none")], 1, /cannot be read/);
      await fails(["estimate", "--file", "a", "--batch", "b"], 2, /cannot be used with/);
    });
  });
});
