import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { RunningSidecar } from "../sidecar/runSidecar.ts";
import { CommandLine } from "./command.ts";

const GATEWAY = "http://127\\.0\\.0\\.1:\\d+/p/[0-9a-f]{32}";

/** Each tool's file below HOME, what stands there before, and what has to stand there afterwards. */
const TOOLS: ReadonlyArray<readonly [tool: string, file: string, before: string | null, wanted: RegExp[]]> = [
  [
    "claude",
    ".claude/settings.json",
    '{\n  "model": "opus",\n  "env": { "A": "b" }\n}',
    [new RegExp(`"ANTHROPIC_BASE_URL": "${GATEWAY}/anthropic"`), /"A": "b"/],
  ],
  [
    "codex",
    ".codex/config.toml",
    '# mine\nmodel = "gpt-5"\n\n[tools]\nweb = true\n',
    [
      /^model_provider = "tollgate"$/m,
      new RegExp(`^base_url = "${GATEWAY}/openai/v1"$`, "m"),
      /^wire_api = "responses"$/m,
      /^request_max_retries = 0$/m,
      /^stream_max_retries = 0$/m,
      /^env_key = "OPENAI_API_KEY"$/m,
    ],
  ],
  [
    "opencode",
    ".config/opencode/opencode.jsonc",
    '{\n  // mine\n  "theme": "x",\n}\n',
    [new RegExp(`"baseURL": "${GATEWAY}/openai/v1"`), new RegExp(`"baseURL": "${GATEWAY}/anthropic/v1"`), /\/\/ mine/],
  ],
  [
    "continue",
    ".continue/config.yaml",
    "name: a\nversion: 1.0.0\nmodels:\n  - name: GPT\n    provider: openai\n    model: gpt-5\n",
    [new RegExp(`^    apiBase: "${GATEWAY}/openai/v1/"$`, "m")],
  ],
  ["gemini", ".gemini/.env", "GEMINI_API_KEY=k\n", [new RegExp(`^GOOGLE_GEMINI_BASE_URL=${GATEWAY}/google$`, "m")]],
  [
    "pi",
    ".pi/agent/models.json",
    null,
    [new RegExp(`"baseUrl": "${GATEWAY}/openai/v1"`), new RegExp(`"baseUrl": "${GATEWAY}/anthropic"`)],
  ],
  [
    "aider",
    ".aider.conf.yml",
    "# mine\ndark-mode: true\n",
    [
      new RegExp(`^openai-api-base: "${GATEWAY}/openai/v1"$`, "m"),
      new RegExp(`^set-env: "ANTHROPIC_API_BASE=${GATEWAY}/anthropic"$`, "m"),
    ],
  ],
];

describe("tollgate setup", function () {
  this.timeout(120_000);
  let sidecar: RunningSidecar;
  let home: string;
  let tollgate: CommandLine;
  before(async () => {
    sidecar = await RunningSidecar.start({
      providers: {
        openai: { protocol: "openai", baseUrl: "https://api.openai.com/v1" },
        anthropic: { protocol: "anthropic", baseUrl: "https://api.anthropic.com" },
        google: { protocol: "google", baseUrl: "https://generativelanguage.googleapis.com/v1beta" },
      },
    });
  });
  after(() => sidecar.remove());
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "tollgate-home-"));
    tollgate = new CommandLine({ HOME: home, TOLLGATE_DATA_DIR: sidecar.dataDir });
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const place = (file: string, content: string | null) => {
    const path = join(home, file);
    if (content !== null) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content, { mode: 0o640 });
    }
    return path;
  };
  const setup = async (...args: string[]) => {
    const finished = await tollgate.run(["setup", ...args]);
    assert.equal(finished.code, 0, finished.err);
    return finished;
  };
  const filesBelow = (folder: string) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((one) => one.isFile())
      .map((one) => join(one.parentPath, one.name))
      .sort();

  for (const [tool, file, before, wanted] of TOOLS) {
    it(`sends ${tool} through the gateway, keeps what was there, and undoes it to the byte`, async () => {
      const path = place(file, before);
      const { err } = await setup(tool, "--yes");
      assert.match(err, /^\+ /m);
      assert.doesNotMatch(err, /\/p\/[0-9a-f]{32}/, "the diff tells no pass");
      const text = readFileSync(path, "utf8");
      for (const expression of wanted) {
        assert.match(text, expression);
      }
      if (before !== null) {
        assert.equal(readFileSync(`${path}.tollgate-backup`, "utf8"), before);
        assert.equal(statSync(path).mode & 0o777, 0o640);
      } else {
        assert.equal(statSync(path).mode & 0o777, 0o600);
      }
      assert.match((await setup(tool, "--yes")).out, /is set up already/);
      await setup(tool, "--remove", "--yes");
      assert.deepEqual(filesBelow(home), before === null ? [] : [path]);
      assert.equal(existsSync(path) ? readFileSync(path, "utf8") : null, before);
    });
  }

  it("takes out only what it wrote where the file was changed since", async () => {
    const path = place(
      ".codex/config.toml",
      'model_provider = "corp"\n\n[model_providers.corp]\nbase_url = "https://llm.corp.example/v1"\nenv_key = "CORP_KEY"\n',
    );
    const { err } = await setup("codex", "--yes");
    assert.match(err, /was https:\/\/llm\.corp\.example\/v1: calls go on to there/);
    assert.match(readFileSync(path, "utf8"), /tollgate\][\s\S]*env_key = "CORP_KEY"/);
    const led = (await sidecar.api.passes()).filter(
      ({ upstreams }) => upstreams.openai === "https://llm.corp.example/v1",
    );
    assert.equal(led.length, 1);
    writeFileSync(
      path,
      `${readFileSync(path, "utf8").replace('wire_api = "responses"', 'wire_api = "chat"')}\n[mine]\nx = 1\n`,
    );
    const removed = await setup("codex", "--remove", "--yes");
    assert.match(removed.err, /wire_api has been changed since and is left/);
    const text = readFileSync(path, "utf8");
    assert.match(text, /^model_provider = "corp"$/m);
    assert.match(text, /\[model_providers\.tollgate\]\nwire_api = "chat"\n/);
    assert.match(text, /\[mine\]\nx = 1\n$/);
    assert.ok(existsSync(`${path}.tollgate-backup`));
  });

  it("writes nothing without a yes, and nothing where it cannot", async () => {
    const text = '{ "env": {} }';
    const path = place("elsewhere/settings.json", text);
    const asked = await tollgate.run(["setup", "claude"], { env: { CLAUDE_CONFIG_DIR: dirname(path) } });
    assert.equal(asked.code, 2);
    assert.match(asked.err, /ANTHROPIC_BASE_URL[\s\S]*nothing is written without a yes/);
    const broken = place(".claude/settings.json", "{ oops");
    assert.equal((await tollgate.run(["setup", "claude", "--yes"])).code, 1);
    assert.match((await tollgate.run(["setup", "continue", "--yes"])).err, /names no model/);
    assert.match((await tollgate.run(["setup", "claude", "--remove", "--yes"])).err, /claude is not set up/);
    assert.deepEqual([readFileSync(path, "utf8"), readFileSync(broken, "utf8")], [text, "{ oops"]);
    assert.deepEqual(filesBelow(home), [broken, path].sort());
  });
});
