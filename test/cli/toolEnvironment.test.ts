import assert from "node:assert/strict";
import { toolEnvironment } from "../../src/cli/toolEnvironment.ts";

describe("the environment of a program that is run", () => {
  const urls = {
    openai: "http://127.0.0.1:1/p/x/openai/v1",
    anthropic: "http://127.0.0.1:1/p/x/anthropic",
    "my-llm": "http://127.0.0.1:1/p/x/my-llm/v1",
  };

  it("tells each known tool where its provider is, and keeps the rest", () => {
    const environment = toolEnvironment(urls, { HOME: "/home/me", OPENAI_BASE_URL: "https://elsewhere" });
    assert.deepEqual(environment, {
      HOME: "/home/me",
      OPENAI_BASE_URL: urls.openai,
      OPENAI_API_BASE: urls.openai,
      ANTHROPIC_BASE_URL: urls.anthropic,
      TOLLGATE_OPENAI_URL: urls.openai,
      TOLLGATE_ANTHROPIC_URL: urls.anthropic,
      TOLLGATE_MY_LLM_URL: urls["my-llm"],
    });
  });

  it("gives Anthropic's tools an address without /v1", () => {
    const environment = toolEnvironment({ anthropic: "http://127.0.0.1:1/p/x/anthropic/v1" }, {});
    assert.equal(environment.ANTHROPIC_BASE_URL, "http://127.0.0.1:1/p/x/anthropic");
  });

  it("keeps loopback calls out of a proxy", () => {
    const environment = toolEnvironment(urls, { https_proxy: "", HTTP_PROXY: "http://proxy:3128", NO_PROXY: "corp" });
    assert.equal(environment.NO_PROXY, "corp,127.0.0.1,localhost");
    assert.equal(environment.no_proxy, "127.0.0.1,localhost");
  });
});
