import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import type { Call } from "../../src/domain/call.ts";
import { RunningSidecar } from "../sidecar/runSidecar.ts";
import { startAnthropicUpstream } from "../upstreams/anthropicUpstream.ts";
import { startGoogleUpstream } from "../upstreams/googleUpstream.ts";
import { startOpenaiUpstream } from "../upstreams/openaiUpstream.ts";
import type { Upstream } from "../upstreams/upstreamServer.ts";
import type { Client, CommandLine, Place } from "./client.ts";
import type { ClientFolder } from "./clientInstall.ts";
import { type ClientRun, endLeftBehind, runClient } from "./clientProcess.ts";

/** What every answer of the simulated provider says. */
export const ANSWER = "A gate lets through what fits, and nothing else.";

/** The project that the client works in. */
export const PROJECT = "parcel-rates";

const TOLLGATE = join(import.meta.dirname, "../../src/cli/main.ts");
/** Far above what a client takes on a slow machine. */
const LIMIT_MS = 120_000;
/** Nothing that a client wants to tell anybody else gets out of this machine, and it need not wait to find out. */
const NOBODY = "http://127.0.0.1:9";

const START = { openai: startOpenaiUpstream, anthropic: startAnthropicUpstream, google: startGoogleUpstream };

/** One prompt of a client: what it showed, what was booked, and what the provider was asked and answered. */
export interface Prompted extends ClientRun {
  readonly calls: readonly Call[];
  /** The provider's answers that cost something, as they were sent. */
  readonly answers: readonly string[];
}

/** A client's prompt that is answered, and one when nothing is left of its budget. */
export interface Journey {
  readonly answered: Prompted;
  readonly refused: Prompted;
}

/** Takes a client through its prompts, with a sidecar and a simulated provider of its own. */
export async function travel(client: Client, installed: ClientFolder): Promise<Journey> {
  const home = realpathSync(mkdtempSync(join(tmpdir(), "tollgate-client-")));
  const upstream = await START[client.provider]({ default: { text: ANSWER } });
  const provider = { protocol: client.provider, baseUrl: upstream.url };
  const sidecar = await RunningSidecar.start({ providers: { [client.provider]: provider }, timeZone: "UTC" });
  try {
    const workspace = join(home, PROJECT);
    mkdirSync(join(workspace, ".git"), { recursive: true });
    writeFileSync(join(workspace, ".git", "HEAD"), "ref: refs/heads/main\n");
    const env = {
      HOME: home,
      PATH: [dirname(process.execPath), "/usr/bin", "/bin"].join(delimiter),
      LANG: "C.UTF-8",
      TERM: "xterm",
      HTTP_PROXY: NOBODY,
      HTTPS_PROXY: NOBODY,
      NO_PROXY: "127.0.0.1,localhost",
      TOLLGATE_DATA_DIR: sidecar.dataDir,
      ...client.env,
    };
    const run = ([program, ...args]: CommandLine) =>
      program === "tollgate"
        ? runClient({ program: process.execPath, args: [TOLLGATE, ...args], cwd: workspace, env, limitMs: LIMIT_MS })
        : runClient({ program, args, cwd: workspace, env, limitMs: LIMIT_MS });
    const mustRun = async (...command: CommandLine) => {
      const { code, screen } = await run(command);
      if (code !== 0) {
        throw new Error(`${command.join(" ")} ended with ${code}: ${screen}`);
      }
      return screen;
    };
    const place: Place = {
      home,
      project: PROJECT,
      installed,
      run: mustRun,
      tollgate: (...args) => mustRun("tollgate", ...args),
      write(path, content) {
        mkdirSync(dirname(join(home, path)), { recursive: true });
        writeFileSync(join(home, path), content);
      },
    };
    await client.prepare?.(place);
    const prompt = async (): Promise<Prompted> => {
      const before = new Set((await callsOf(sidecar)).map(({ id }) => id));
      const asked = upstream.requests.length;
      const ran = await run(client.ask(place));
      const calls = (await callsOf(sidecar)).filter(({ id }) => !before.has(id));
      return { ...ran, calls, answers: answersSince(upstream, asked) };
    };
    const answered = await prompt();
    await sidecar.api.setBudget({ name: "day", limitUsd: 0.000001, window: "day", hard: true });
    return { answered, refused: await prompt() };
  } finally {
    endLeftBehind(home);
    await sidecar.remove();
    await upstream.stop();
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function callsOf(sidecar: RunningSidecar): Promise<readonly Call[]> {
  return (await sidecar.api.calls({ limit: 100 })).calls;
}

/** Only what is posted costs something: probes and lists are free. */
function answersSince(upstream: Upstream, first: number): string[] {
  return upstream.requests
    .slice(first)
    .filter(({ method }) => method === "POST")
    .map(({ reply }) => reply);
}
