import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Anthropic from "@anthropic-ai/sdk";
import type { Call } from "../../src/domain/call.ts";
import { branchOf } from "../../src/sidecar/gateway/gitBranch.ts";
import { CommandLine } from "../cli/command.ts";
import { GatewayWorld, KEY } from "./gatewayWorld.ts";

const SESSION = "c6a42115-2734-4d2e-8471-399c06333a49";
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
/** As Claude Code sends them. */
const OF_CLAUDE_CODE = {
  "user-agent": "claude-cli/2.1.329 (external, sdk-cli)",
  "x-claude-code-session-id": SESSION,
  "x-app": "cli",
};
const PROMPT = {
  model: "claude-haiku-4-5",
  max_tokens: 50,
  messages: [{ role: "user" as const, content: "hi" }],
};

describe("who spent it", function () {
  this.timeout(60_000);
  const world = new GatewayWorld();
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-work-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function checkOut(branch: string): void {
    mkdirSync(join(folder, ".git"), { recursive: true });
    writeFileSync(join(folder, ".git", "HEAD"), `ref: refs/heads/${branch}\n`);
  }

  async function ask(caller: object, headers: Record<string, string>, prompt = {}): Promise<Call> {
    const { urls } = await world.sidecar.api.pass(caller);
    const baseURL = urls.anthropic?.replace(/\/v1$/, "");
    const client = new Anthropic({ baseURL, apiKey: KEY, maxRetries: 0, defaultHeaders: headers });
    const { response } = await client.messages.create({ ...PROMPT, ...prompt }).withResponse();
    return world.booked(response.headers.get("x-tollgate-call-id"));
  }

  it("is told by the program's own headers and the folder of its pass: tool, session, branch, trace", async () => {
    checkOut("feature/who");
    const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`;
    const call = await ask({ folder: join(folder, "deep", "inside") }, { ...OF_CLAUDE_CODE, traceparent });
    const { tool, sessionId, branch, traceId } = call;
    assert.deepEqual(
      { tool, sessionId, branch, traceId },
      {
        tool: "claude",
        sessionId: SESSION,
        branch: "feature/who",
        traceId: TRACE,
      },
    );
    const sent = world.upstreams.anthropic.requests[0]?.headers;
    assert.equal(sent?.traceparent, traceparent, "the trace goes on");
    assert.equal(sent?.["x-claude-code-session-id"], SESSION);

    const { api } = world.sidecar;
    const { calls } = await api.calls({ session: SESSION });
    assert.deepEqual(
      calls.map(({ id }) => id),
      [call.id],
    );
    assert.deepEqual((await api.calls({ session: "another" })).calls, []);
    assert.deepEqual(
      (await api.calls({ branch: "feature/*" })).calls.map(({ id }) => id),
      [call.id],
    );
    for (const [by, key] of [
      ["session", SESSION],
      ["branch", "feature/who"],
      ["tool", "claude"],
    ] as const) {
      const group = (await api.summary({ by })).groups.find((one) => one.key === key);
      assert.deepEqual([group?.calls, group?.costNanoUsd], [1, call.costNanoUsd], by);
    }
  });

  it("is reported by each of these, on the command line and for the panel", async () => {
    checkOut("fix/report");
    const caller = { project: "web shop", user: "ana", tags: ["nightly"], folder };
    const session = { ...OF_CLAUDE_CODE, "x-claude-code-session-id": "one-of-its-own" };
    const call = await ask(caller, { ...session, "x-tollgate-request-type": "review" });
    const { costNanoUsd } = await ask(caller, session);
    const tollgate = new CommandLine({ TOLLGATE_DATA_DIR: world.sidecar.dataDir });
    for (const [by, key] of [
      ["tool", "claude"],
      ["project", "web shop"],
      ["branch", "fix/report"],
      ["user", "ana"],
      ["tag", "nightly"],
      ["session", "one-of-its-own"],
      ["request-type", "review"],
      ["request-type", call.protocol],
    ] as const) {
      const { groups, totalNanoUsd } = (await world.sidecar.api.overview(7, by)).whoSpent;
      const group = groups.find((one) => one.key === key);
      assert.ok(group && group.costNanoUsd >= Math.min(call.costNanoUsd, costNanoUsd), `${by} ${key}`);
      assert.ok(group.costNanoUsd <= totalNanoUsd);
    }
    const { out } = await tollgate.run(["report", "--by", "request-type"]);
    assert.match(out, /^REQUEST TYPE .*\n(.*\n)*review +1 /);
    const ofAna = await world.sidecar.api.calls({ user: "ana" });
    assert.equal(ofAna.calls.length, 2);
  });

  it("is what the pass says, where it names a tool; the session is noted all the same, from the body too", async () => {
    const metadata = { user_id: JSON.stringify({ device_id: "d", session_id: "from-the-body" }) };
    const { "x-claude-code-session-id": _, ...headers } = OF_CLAUDE_CODE;
    const { tool, sessionId, branch } = await ask({ tool: "nightly" }, headers, { metadata });
    assert.deepEqual({ tool, sessionId, branch }, { tool: "nightly", sessionId: "from-the-body", branch: null });
  });

  it("counts against the budgets of the tool that is recognised, and only there", async () => {
    const { api } = world.sidecar;
    await api.setBudget({ name: "claude", limitUsd: 0.000001, window: "month", hard: true, scope: { tool: "claude" } });
    try {
      await assert.rejects(ask({}, OF_CLAUDE_CODE), (thrown: InstanceType<typeof Anthropic.APIError>) => {
        assert.deepEqual([thrown.status, thrown.headers?.get("x-tollgate-refused")], [402, "claude"]);
        return true;
      });
      assert.equal(world.upstreams.anthropic.requests.length, 0);
      assert.equal((await ask({}, {})).tool, "anthropic-node");
    } finally {
      await api.removeBudget("claude");
    }
  });
});

describe("the branch of a folder", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-branch-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function write(path: string, text: string): string {
    const file = join(folder, path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, text);
    return join(file, "..");
  }

  it("is the one that a linked work tree or a submodule has checked out, not the repository's around it", async () => {
    write(".git/HEAD", "ref: refs/heads/main\n");
    write(".git/worktrees/side/HEAD", "ref: refs/heads/side\n");
    const side = write("trees/side/.git", `gitdir: ${join(folder, ".git", "worktrees", "side")}\n`);
    write(".git/modules/part/HEAD", "ref: refs/heads/part\n");
    const part = write("part/.git", "gitdir: ../.git/modules/part\n");
    assert.deepEqual(await Promise.all([folder, side, part].map(branchOf)), ["main", "side", "part"]);
  });

  it("is null where none is checked out, or nothing can be read", async () => {
    const detached = write("detached/.git/HEAD", "4bf92f3577b34da6a3ce929d0e0e47364bf92f35\n");
    const newer = write("newer/.git/HEAD", "ref: refs/heads/.invalid\n");
    const broken = write("broken/.git", "nonsense\n");
    const empty = join(write("empty/.git/config", ""), "..");
    const folders = [join(detached, ".."), join(newer, ".."), broken, empty, join(folder, "gone")];
    assert.deepEqual(await Promise.all(folders.map(branchOf)), [null, null, null, null, null]);
  });
});
