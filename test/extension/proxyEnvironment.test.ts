import assert from "node:assert/strict";
import { withProxy } from "../../src/extension/proxyEnvironment.ts";

describe("the proxy of VS Code's settings", () => {
  const set = { proxy: " http://proxy.corp:3128 ", noProxy: ["git.corp", ".lab"], proxySupport: "override" };

  it("is the sidecar's, with what is excepted from it", () => {
    assert.deepEqual(withProxy({ PATH: "/bin" }, set), {
      PATH: "/bin",
      HTTPS_PROXY: "http://proxy.corp:3128",
      HTTP_PROXY: "http://proxy.corp:3128",
      NO_PROXY: "git.corp,.lab",
    });
  });

  it("leaves what the environment itself names", () => {
    for (const name of ["HTTPS_PROXY", "http_proxy", "all_proxy"]) {
      const environment = { [name]: "http://other:1" };
      assert.deepEqual(withProxy(environment, set), environment);
    }
    assert.equal(withProxy({ no_proxy: "*", https_proxy: "" }, set).NO_PROXY, undefined);
  });

  it("is nobody's where it is not set, is none, or is not for extensions", () => {
    for (const proxy of [undefined, "", "  ", 7]) {
      assert.deepEqual(withProxy({}, { ...set, proxy }), {});
    }
    assert.deepEqual(withProxy({}, { ...set, proxySupport: "off" }), {});
  });
});
