import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";

export interface ClientRun {
  readonly code: number | null;
  /** What it wrote to stdout and stderr, without colours. */
  readonly screen: string;
  /** Milliseconds since the epoch. */
  readonly endedAt: number;
}

export interface ClientCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** All of it: nothing is taken over from this process. */
  readonly env: Readonly<Record<string, string>>;
  readonly limitMs: number;
}

/** Runs a client without a terminal until it ends, or is ended with all that it has started. */
export async function runClient({ program, args, cwd, env, limitMs }: ClientCommand): Promise<ClientRun> {
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  let screen = "";
  const collect = (text: string) => {
    screen += text;
  };
  child.stdout.setEncoding("utf8").on("data", collect);
  child.stderr.setEncoding("utf8").on("data", collect);
  child.on("error", (error) => collect(`${program} cannot be started: ${error.message}\n`));
  const limit = setTimeout(() => {
    collect(`\n(ended by the test after ${limitMs / 1_000} s)\n`);
    endGroup(child);
  }, limitMs);
  // Not "close": what a client leaves running keeps its output open.
  await Promise.race([once(child, "exit"), once(child, "error")]);
  clearTimeout(limit);
  const endedAt = Date.now();
  endGroup(child);
  await Promise.race([once(child, "close"), endedSoon()]);
  return { code: child.exitCode, screen: withoutColours(screen), endedAt };
}

/** Ends what clients have left running apart from their own group: whatever has `home` as its home folder (Linux). */
export function endLeftBehind(home: string): void {
  const processes = process.platform === "linux" ? readdirSync("/proc").filter((name) => /^\d+$/.test(name)) : [];
  for (const pid of processes) {
    if (homeOf(pid) === home) {
      process.kill(Number(pid), "SIGKILL");
    }
  }
}

function homeOf(pid: string): string | undefined {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    return variables.find((one) => one.startsWith("HOME="))?.slice("HOME=".length);
  } catch {
    return undefined;
  }
}

function endGroup(child: ChildProcess): void {
  if (child.pid !== undefined) {
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended with all that it started.
    }
  }
}

/** Long enough for output that is under way to arrive. */
function endedSoon(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 500).unref());
}

function withoutColours(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
  return text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "").replaceAll("\u2060", "");
}
