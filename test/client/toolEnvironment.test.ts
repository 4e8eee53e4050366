import assert from "node:assert/strict";
import { planEnvironment, toolVariables, USUAL_VARIABLES } from "../../src/client/toolEnvironment.ts";

const PROVIDERS = {
  openai: { baseUrl: "https://api.openai.com/v1" },
  anthropic: { baseUrl: "https://api.anthropic.com" },
  google: { baseUrl: "https://generativelanguage.googleapis.com/v1beta" },
  ollama: { baseUrl: "http://127.0.0.1:11434" },
  vllm: { baseUrl: "http://127.0.0.1:8000/v1" },
};
const PASS = "0123456789abcdef0123456789abcdef";
const gateway = `http://127.0.0.1:7453/p/${PASS}`;
const URLS = {
  openai: `${gateway}/openai/v1`,
  anthropic: `${gateway}/anthropic`,
  google: `${gateway}/google/v1beta`,
  ollama: `${gateway}/ollama`,
  vllm: `${gateway}/vllm/v1`,
};
const WITH_OLLAMA = [...USUAL_VARIABLES, "OLLAMA_HOST"] as const;
const set = (environment: Record<string, string>, wanted = USUAL_VARIABLES) => {
  const plan = planEnvironment(environment, PROVIDERS, wanted);
  return { ...plan, variables: toolVariables(URLS, environment, plan.targets) };
};

describe("the variables that point tools at the gateway", () => {
  it("tell each known tool where its provider is, and Ollama's only where asked", () => {
    const { variables, upstreams, notes } = set({ HOME: "/home/me" });
    assert.deepEqual(variables, {
      OPENAI_BASE_URL: URLS.openai,
      OPENAI_API_BASE: URLS.openai,
      ANTHROPIC_BASE_URL: URLS.anthropic,
      GOOGLE_GEMINI_BASE_URL: `${gateway}/google`,
      OLLAMA_API_BASE: URLS.ollama,
      TOLLGATE_OPENAI_URL: URLS.openai,
      TOLLGATE_ANTHROPIC_URL: URLS.anthropic,
      TOLLGATE_GOOGLE_URL: URLS.google,
      TOLLGATE_OLLAMA_URL: URLS.ollama,
      TOLLGATE_VLLM_URL: URLS.vllm,
    });
    assert.deepEqual([upstreams, notes], [{}, []]);
    assert.deepEqual(set({}, ["ANTHROPIC_BASE_URL"]).targets, { ANTHROPIC_BASE_URL: "anthropic" });
  });

  it("take OLLAMA_HOST as Ollama does: without a scheme, without a port, and as where a server listens", () => {
    const upstreamOf = (value: string) => {
      const { variables, upstreams } = set({ OLLAMA_HOST: value }, WITH_OLLAMA);
      assert.equal(variables.OLLAMA_HOST, URLS.ollama);
      return upstreams.ollama;
    };
    assert.deepEqual(["", "0.0.0.0", "127.0.0.1:11434", "http://127.0.0.1:11434/"].map(upstreamOf), [
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    assert.deepEqual(["gpu.lan", "gpu.lan:9000", "https://gpu.lan/ollama/"].map(upstreamOf), [
      "http://gpu.lan:11434",
      "http://gpu.lan:9000",
      "https://gpu.lan/ollama",
    ]);
  });

  it("keep an address that the user had set: it becomes where the pass leads, and that is said", () => {
    const { variables, upstreams, notes } = set({ ANTHROPIC_BASE_URL: "https://proxy.example/claude" });
    assert.equal(variables.ANTHROPIC_BASE_URL, URLS.anthropic);
    assert.deepEqual(upstreams, { anthropic: "https://proxy.example/claude" });
    const address = "https://proxy.example/claude";
    assert.deepEqual(notes, [{ kind: "led", variable: "ANTHROPIC_BASE_URL", provider: "anthropic", address }]);
  });

  it("lead to a configured provider whose address the user had set", () => {
    const { variables, upstreams, notes } = set({ OPENAI_BASE_URL: "http://127.0.0.1:8000/v1/" });
    assert.equal(variables.OPENAI_BASE_URL, URLS.vllm);
    assert.deepEqual([upstreams, notes], [{}, []]);
  });

  it("take over where an address of the gateway leads, and say nothing of it", () => {
    const before = `http://127.0.0.1:1/p/${PASS}`;
    const plan = set({ OPENAI_BASE_URL: `${before}/vllm/v1`, ANTHROPIC_BASE_URL: `${before}/anthropic` });
    assert.equal(plan.variables.OPENAI_BASE_URL, URLS.vllm);
    assert.deepEqual(plan.upstreams, { vllm: `${before}/vllm/v1`, anthropic: `${before}/anthropic` });
    assert.deepEqual(plan.notes, []);
  });

  it("say what is replaced or left, and tell no password", () => {
    const { upstreams, notes, variables } = set({
      OPENAI_BASE_URL: "https://me:secret@proxy.example/v1",
      OPENAI_API_BASE: "https://other.example/v1",
      ANTHROPIC_BASE_URL: "somewhere",
      GOOGLE_VERTEX_BASE_URL: "https://vertex.example",
    });
    assert.deepEqual(upstreams, { openai: "https://other.example/v1" });
    assert.equal(variables.GOOGLE_VERTEX_BASE_URL, undefined);
    assert.deepEqual(
      notes.map(({ kind, variable, provider, address }) => [kind, variable, provider, address]),
      [
        ["unusable", "OPENAI_BASE_URL", "openai", ""],
        ["led", "OPENAI_API_BASE", "openai", "https://other.example/v1"],
        ["unusable", "ANTHROPIC_BASE_URL", "anthropic", ""],
        ["left", "GOOGLE_VERTEX_BASE_URL", "vertex", "https://vertex.example"],
      ],
    );
  });

  it("keep loopback calls out of a proxy, once", () => {
    const { variables } = set({ https_proxy: "", HTTP_PROXY: "http://proxy:3128", NO_PROXY: "corp" });
    assert.equal(variables.NO_PROXY, "corp,127.0.0.1,localhost");
    assert.equal(variables.no_proxy, "127.0.0.1,localhost");
    const again = set({ HTTP_PROXY: "http://proxy:3128", NO_PROXY: "corp,127.0.0.1,localhost" });
    assert.equal(again.variables.NO_PROXY, undefined);
  });
});
