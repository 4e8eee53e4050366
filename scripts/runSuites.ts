import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { requireChromium } from "../test/hosts/browser.ts";
import { ensureVscode } from "../test/hosts/vscodeInstall.ts";
import { ensureBuilt } from "./ensureBuilt.ts";
import type { SuiteCounts } from "./runSuite.ts";

interface Suite {
  name: string;
  title: string;
  files: string;
  /** A test that takes longer hangs. Far above what any test takes on a slow machine. */
  timeoutMs: number;
  prepare?: () => Promise<void>;
  /**
   * Whether a file with a failure is run once more, whole and in a fresh process. For what drives another program's interface,
   * whose timing is not ours to fix. What passes only then is named as unsteady, never passed over in silence.
   */
  secondAttempt?: boolean;
}

/** Desktop VS Code is driven from within; what drives the interface through a browser needs the VS Code that runs in one. */
const DESKTOP = process.env.TOLLGATE_VSCODE === "desktop";

const SUITES: readonly Suite[] = [
  {
    name: "unit",
    title: "Units",
    files: "test/{domain,ledger,client,panel,prompts,repository}/**/*.test.{ts,tsx}",
    timeoutMs: 60_000,
  },
  { name: "processes", title: "Processes", files: "test/{sidecar,cli,upstreams}/**/*.test.ts", timeoutMs: 60_000 },
  { name: "clients", title: "Clients", files: "test/clients/**/*.test.ts", timeoutMs: 600_000 },
  {
    name: "vscode",
    title: "VS Code",
    files: DESKTOP ? "test/hosts/extensionHost.test.ts" : "test/{hosts,extension}/**/*.test.ts",
    timeoutMs: 180_000,
    ...(DESKTOP ? {} : { prepare: prepareVscode, secondAttempt: true }),
  },
];

const root = join(import.meta.dirname, "..");
/** A suite that is not over by then hangs where mocha's own limit does not reach. */
const SUITE_LIMIT_MS = 20 * 60_000;
const FAILED: SuiteCounts = { passed: 0, failed: 1, skipped: 0, failures: [] };
let running: ChildProcess | undefined;

for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    running?.kill(signal);
    process.exit(signal === "SIGINT" ? 130 : 143);
  });

const { values } = parseArgs({ options: { suite: { type: "string" }, matrix: { type: "boolean" } } });
if (values.matrix) process.env.TOLLGATE_WRITE_MATRIX = "1";
const chosen = SUITES.filter((suite) => values.suite === undefined || suite.name === values.suite);
if (chosen.length === 0) {
  console.error(`There is no suite "${values.suite}"; there are ${SUITES.map((suite) => suite.name).join(", ")}.`);
  process.exit(2);
}

const counts: SuiteCounts[] = [];
try {
  await ensureBuilt();
} catch (error) {
  // The suites run all the same: many of them need no bundle, and say more of what is wrong.
  counts.push(fail((error as Error).message));
}
for (const suite of chosen) counts.push(await run(suite));
const sum = (key: Exclude<keyof SuiteCounts, "failures">): number => counts.reduce((total, one) => total + one[key], 0);
const skipped = sum("skipped") > 0 ? `, ${sum("skipped")} skipped` : "";
console.log(`${sum("passed")} passed, ${sum("failed")} failed${skipped}`);
process.exit(sum("failed") > 0 ? 1 : 0);

/** Runs one suite; where the suite says so, its failed files a second time. */
async function run(suite: Suite): Promise<SuiteCounts> {
  console.log(`\n${suite.title}`);
  const files = globSync(suite.files, { cwd: root })
    .sort()
    .map((file) => join(root, file));
  if (files.length === 0) return fail(`${suite.files} matches no test.`);
  try {
    await suite.prepare?.();
  } catch (error) {
    return fail((error as Error).message);
  }
  const first = await runFiles(suite, files);
  const failedFiles = [...new Set(first.failures.map(({ file }) => file))];
  if (!suite.secondAttempt || failedFiles.length === 0 || failedFiles.includes("")) return first;
  console.log(`\n${suite.title}, second attempt at what failed`);
  const second = await runFiles(suite, failedFiles);
  if (second.failed > 0 || second.passed === 0) return first;
  for (const { title } of first.failures) console.log(`Unsteady, passed only at the second attempt: ${title}`);
  return { ...first, passed: first.passed + first.failed, failed: 0, failures: [] };
}

/** Runs test files in a process of their own. One that ends without having said its counts has failed, whatever its exit code. */
async function runFiles(suite: Suite, files: readonly string[]): Promise<SuiteCounts> {
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-test-"));
  try {
    const args = [join(import.meta.dirname, "runSuite.ts"), String(suite.timeoutMs), ...files];
    running = spawn(process.execPath, args, {
      cwd: root,
      env: testEnvironment(dataDir),
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    let reported: SuiteCounts | undefined;
    running.on("message", (message) => {
      reported = message as SuiteCounts;
    });
    const watchdog = setTimeout(() => running?.kill("SIGKILL"), SUITE_LIMIT_MS);
    const [code, signal] = await once(running, "exit");
    clearTimeout(watchdog);
    return reported ?? fail(`The suite broke off with ${signal ?? code} before it could say its counts.`);
  } finally {
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

function fail(message: string): SuiteCounts {
  console.error(message);
  return FAILED;
}

/** Nothing of the user's own: no key, no budget, and above all not the user's ledger. */
function testEnvironment(dataDir: string): NodeJS.ProcessEnv {
  const own = /^(OPENAI_|ANTHROPIC_|VLLM_|BUDGET_LIMIT$|TOLLGATE_(DATA_DIR|CONFIG)$)/;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
  return { ...env, TOLLGATE_DATA_DIR: dataDir };
}

/** Ahead of the tests, so that what lacks is said in one line and an install is not taken for a hanging test. */
async function prepareVscode(): Promise<void> {
  requireChromium();
  await ensureVscode((line) => console.log(line));
}
