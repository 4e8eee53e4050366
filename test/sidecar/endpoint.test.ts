import assert from "node:assert/strict";
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import OpenAI from "openai";
import { parseConfig } from "../../src/domain/config.ts";
import { until } from "../hosts/until.ts";
import { startOpenaiUpstream } from "../upstreams/openaiUpstream.ts";
import { PrivateAuthority } from "../upstreams/privateAuthority.ts";
import { TlsFront } from "../upstreams/tlsFront.ts";
import type { Upstream } from "../upstreams/upstreamServer.ts";
import { startVllmUpstream } from "../upstreams/vllmUpstream.ts";
import { KEY } from "./gatewayWorld.ts";
import { RunningSidecar } from "./runSidecar.ts";

const SECRET = "corp-planted-secret";

/** As the settings name an environment variable. */
const variable = (name: string) => `\${env:${name}}`;

describe("an endpoint of a company", () => {
  let authority: PrivateAuthority;
  let upstream: Upstream;
  let open: TlsFront;
  let closed: TlsFront;
  let vllm: Upstream;
  let hourly: TlsFront;
  let sidecar: RunningSidecar;

  before(async () => {
    authority = new PrivateAuthority();
    upstream = await startOpenaiUpstream();
    const server = authority.issue("server");
    const client = authority.issue("client", SECRET);
    open = await TlsFront.start({ to: upstream.port, certificate: server });
    closed = await TlsFront.start({ to: upstream.port, certificate: server, clientCaFile: authority.caFile });
    vllm = await startVllmUpstream();
    hourly = await TlsFront.start({ to: vllm.port, certificate: server });
    const rotating = join(authority.folder, "rotating.pem");
    writeFileSync(rotating, "soon");
    const at = ({ port }: TlsFront, more = {}) => ({
      protocol: "openai",
      baseUrl: `https://127.0.0.1:${port}/v1`,
      pricing: { kind: "free" },
      ...more,
    });
    const { caFile } = authority;
    sidecar = await RunningSidecar.start(
      {
        providers: {
          stranger: at(open),
          trusted: at(open, {
            tls: { caFile },
            headers: { "x-team": "parcels", authorization: `Bearer ${variable("CORP_TOKEN")}` },
          }),
          unchecked: at(open, { tls: { insecure: true } }),
          known: at(closed, {
            tls: { caFile, certFile: client.cert, keyFile: client.key, passphraseEnv: "CORP_PASSPHRASE" },
          }),
          unknown: at(closed, { tls: { caFile } }),
          hourly: at(hourly, { tls: { caFile }, pricing: { kind: "compute-hour" } }),
          broken: at(open, { tls: { caFile: rotating } }),
          unset: at(open, { tls: { caFile }, headers: { "x-api-key": variable("CORP_UNSET") } }),
        },
        healthIntervalMs: 100,
      },
      { env: { CORP_TOKEN: SECRET, CORP_PASSPHRASE: SECRET } },
    );
  });

  after(async () => {
    await sidecar?.remove();
    await hourly?.stop();
    await vllm?.stop();
    await open?.stop();
    await closed?.stop();
    await upstream?.stop();
    authority?.remove();
  });

  beforeEach(() => upstream.reset());

  async function ask(provider: string) {
    const urls = await sidecar.urls();
    const client = new OpenAI({ baseURL: urls[provider] as string, apiKey: KEY, maxRetries: 0 });
    return client.chat.completions
      .create({ model: "gpt-5-mini", messages: [{ role: "user", content: "Hi" }] })
      .withResponse();
  }

  it("is reached by its own authority's certificate, with the headers of the settings, and booked free with its tokens", async () => {
    const { response } = await ask("trusted");
    const [request] = upstream.requests;
    assert.equal(request?.headers["x-team"], "parcels");
    assert.equal(request?.headers.authorization, `Bearer ${SECRET}`, "in place of the client's own");
    const call = await sidecar.api.call(response.headers.get("x-tollgate-call-id") ?? "", 10_000);
    assert.equal(call.costBasis, "free");
    assert.equal(call.costNanoUsd, 0);
    assert.ok(call.usage.inputTokens > 0 && call.usage.outputTokens > 0);
  });

  it("shows itself with a client certificate whose key is encrypted", async () => {
    await ask("known");
    await assert.rejects(ask("unknown"));
  });

  it("is not trusted without it, and the error says what to do", async () => {
    await assert.rejects(ask("stranger"), /not trusted here \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\).*tls\.caFile/);
    assert.equal(upstream.requests.length, 0);
  });

  it("is warned of for as long as TLS checks are off", async () => {
    await ask("unchecked");
    const warned = async () => (await sidecar.api.status()).notices.filter((notice) => notice.includes("unchecked"));
    assert.match((await warned()).join(), /TLS checks are switched off for unchecked/);
    const { tls: _, ...checked } = (await sidecar.api.config()).providers.unchecked ?? assert.fail();
    await sidecar.api.changeConfig({ providers: { unchecked: checked } });
    assert.deepEqual(await warned(), []);
  });

  it("names the file that cannot be used, and takes a new one without a restart", async () => {
    await assert.rejects(ask("broken"), /400.*broken: tls\.caFile: .*rotating\.pem holds no certificate/);
    assert.match((await sidecar.api.status()).notices.join(), /Calls to broken: tls\.caFile/);
    copyFileSync(authority.caFile, join(authority.folder, "rotating.pem"));
    await ask("broken");
    const { broken } = (await sidecar.api.config()).providers;
    const missing = { ...(broken ?? assert.fail()), tls: { caFile: "/nowhere/ca.pem" } };
    await assert.rejects(
      sidecar.api.changeConfig({ providers: { broken: missing } }),
      /providers\.broken: tls\.caFile: \/nowhere\/ca\.pem cannot be read/,
    );
  });

  it("names the environment variable that is not set", async () => {
    await assert.rejects(ask("unset"), /unset: headers\.x-api-key: the environment variable CORP_UNSET is not set/);
    const { detail } = await sidecar.api.providerHealth("unset");
    assert.match(detail, /CORP_UNSET/);
  });

  it("is asked for its health over the same connection", async () => {
    assert.equal((await sidecar.api.providerHealth("trusted")).up, true);
    assert.equal((await sidecar.api.providerHealth("stranger")).up, false);
  });

  it("is known to be up where it costs by the hour", async () => {
    await until("the server to be seen", async () => (await sidecar.api.status()).compute.some(({ up }) => up));
  });

  it("leaves no secret behind", async () => {
    await ask("trusted");
    await sidecar.stop();
    const files = readdirSync(sidecar.dataDir, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    assert.ok(files.length > 2);
    for (const { parentPath, name } of files) {
      assert.ok(!readFileSync(join(parentPath, name)).includes(SECRET), name);
    }
    assert.ok(!sidecar.log.includes(SECRET));
  });
});

describe("a provider's headers and TLS", () => {
  const provider = (more: object) => ({
    providers: { corp: { protocol: "openai", baseUrl: "https://llm.corp.example/v1", ...more } },
  });

  it("hold no secret in the file", () => {
    assert.throws(() => parseConfig(provider({ headers: { "X-Api-Key": "abc" } })), /headers\.X-Api-Key: a secret/);
    parseConfig(provider({ headers: { "X-Api-Key": variable("CORP_KEY") } }));
  });

  it("are refused where they make no sense", () => {
    assert.throws(() => parseConfig(provider({ headers: { Host: "other" } })), /the gateway writes this header itself/);
    assert.throws(() => parseConfig(provider({ headers: { "x-a": "a\r\nb: c" } })), /visible ASCII/);
    assert.throws(() => parseConfig(provider({ tls: { certFile: "/a" } })), /takes both certFile and keyFile/);
    assert.throws(
      () => parseConfig(provider({ baseUrl: "http://127.0.0.1/v1", tls: { caFile: "/a" } })),
      /tls: is for an https/,
    );
  });
});
