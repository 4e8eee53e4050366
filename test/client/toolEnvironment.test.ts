import assert from "node:assert/strict";
import { planEnvironment, toolVariables } from "../../src/client/toolEnvironment.ts";

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
const set = (environment: Record<string, string>, options = {}) => {
  const plan = planEnvironment(environment, PROVIDERS, options);
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
      TOLLGATE_OPENAI_URL: URLS.openai,
      TOLLGATE_ANTHROPIC_URL: URLS.anthropic,
      TOLLGATE_GOOGLE_URL: URLS.google,
      TOLLGATE_OLLAMA_URL: URLS.ollama,
      TOLLGATE_VLLM_URL: URLS.vllm,
    });
    assert.deepEqual([upstreams, notes], [{}, []]);
    assert.equal(set({ OLLAMA_HOST: "0.0.0.0" }, { ollama: true }).variables.OLLAMA_HOST, URLS.ollama);
  });

  it("keep an address that the user had set: it becomes where the pass leads, and that is said", () => {
    const { variables, upstreams, notes } = set({ ANTHROPIC_BASE_URL: "https://proxy.example/claude" });
    assert.equal(variables.ANTHROPIC_BASE_URL, URLS.anthropic);
    assert.deepEqual(upstreams, { anthropic: "https://proxy.example/claude" });
    assert.match(notes.join(), /ANTHROPIC_BASE_URL was https:\/\/proxy\.example\/claude: calls go on to there/);
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
    assert.doesNotMatch(notes.join(), /secret/);
    assert.deepEqual(
      notes.map((note) => note.split(" ").slice(0, 3).join(" ")),
      [
        "OPENAI_BASE_URL is replaced:",
        "OPENAI_API_BASE was https://other.example/v1:",
        "ANTHROPIC_BASE_URL is replaced:",
        "GOOGLE_VERTEX_BASE_URL is left",
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
