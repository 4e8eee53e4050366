import assert from "node:assert/strict";
import { parseGatewayPath, targetOf } from "../../src/sidecar/gateway/route.ts";

function addressOf(base: string, rest: string, search = ""): string | undefined {
  const target = targetOf(base, rest, search);
  return target === null
    ? undefined
    : `${target.server.secure ? "https" : "http"}://${target.server.host}${target.path}`;
}

describe("gateway addresses", () => {
  it("are taken apart into pass, provider and the rest", () => {
    assert.deepEqual(parseGatewayPath("/p/abc/openai/v1/models?limit=2"), {
      pass: "abc",
      provider: "openai",
      rest: "/v1/models",
      search: "?limit=2",
    });
    assert.equal(parseGatewayPath("/p/abc"), null);
  });

  it("append the rest to the provider's base, and take the version that both hold once", () => {
    const base = "https://host.example/v1";
    assert.equal(addressOf(base, "/v1/chat/completions"), "https://host.example/v1/chat/completions");
    assert.equal(addressOf(base, "/chat/completions"), "https://host.example/v1/chat/completions");
    assert.equal(addressOf("https://host.example/api/v1/", "/v1/models"), "https://host.example/api/v1/models");
    assert.equal(
      addressOf("https://host.example", "/v1/messages", "?beta=true"),
      "https://host.example/v1/messages?beta=true",
    );
    assert.equal(targetOf(base, "/v1/chat/completions", "")?.route, "/chat/completions");
  });

  it("never climb out of the base", () => {
    for (const rest of ["/../secret", "/v1/%2e%2e/secret", "/.%2E/x", "/a/./b", "/..", "/a\\..\\..\\x", "/a/..%5cx"]) {
      assert.equal(targetOf("https://host.example/v1", rest, ""), null, rest);
    }
    assert.equal(addressOf("https://host.example/v1", "//evil.example/x"), "https://host.example/v1//evil.example/x");
  });
});
