import assert from "node:assert/strict";
import { resolveSettings, SettingsError } from "../../src/extension/settings.ts";

describe("settings", () => {
  it("are the defaults where nothing is set, and bring no budget and no provider", () => {
    const settings = resolveSettings({}, {});
    assert.deepEqual(settings.budgets, {});
    assert.deepEqual(settings.providers, {});
    assert.equal(settings.timeoutMs, 60_000);
    assert.equal(settings.confirm, "whenTight");
  });

  it("name every setting that makes no sense in one message", () => {
    const wrong = {
      "tollgate.budgets": { month: -5, year: 3 },
      "tollgate.providers": {
        "my lab": { protocol: "openai", baseUrl: "https://x.example" },
        lab: { protocol: "smtp", baseUrl: "ftp://x" },
      },
      "tollgate.vllm.endpoint": "localhost:8000",
      "tollgate.request.timeoutSeconds": "soon",
    };
    assert.throws(
      () => resolveSettings(wrong, { BUDGET_LIMIT: "lots" }),
      (error: unknown) => {
        assert.ok(error instanceof SettingsError);
        for (const name of [
          "tollgate.budgets.month",
          "tollgate.budgets.year",
          "my lab",
          "tollgate.providers.lab.protocol",
          "tollgate.providers.lab.baseUrl",
          "tollgate.vllm.endpoint",
          "tollgate.request.timeoutSeconds",
          "BUDGET_LIMIT",
        ]) {
          assert.ok(error.message.includes(name), `${name} is not named in: ${error.message}`);
        }
        assert.doesNotMatch(error.message, /ask\.confirm/);
        return true;
      },
    );
  });

  it("take a limit of null as none", () => {
    assert.deepEqual(resolveSettings({ "tollgate.budgets": { month: 20, day: null } }, {}).budgets, { month: 20 });
  });

  it("prefer what is set for vLLM to the environment, and the environment to the default", () => {
    const environment = { VLLM_ENDPOINT: "http://gpu.example:9000", VLLM_HOURLY_RATE: "0.5" };
    assert.deepEqual(resolveSettings({}, environment).providers, {});
    assert.deepEqual(resolveSettings({ "tollgate.vllm.hourlyRateUsd": 0.3 }, environment).providers.vllm, {
      protocol: "openai",
      baseUrl: "http://gpu.example:9000/v1",
      pricing: { kind: "compute-hour", hourlyRateUsd: 0.3 },
    });
    assert.deepEqual(
      resolveSettings({ "tollgate.vllm.endpoint": "http://127.0.0.1:7000" }, environment).providers.vllm,
      {
        protocol: "openai",
        baseUrl: "http://127.0.0.1:7000/v1",
        pricing: { kind: "compute-hour", hourlyRateUsd: 0.5 },
      },
    );
  });
});
