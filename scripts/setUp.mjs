// What npm start and npm test need before anything is installed: plain JavaScript for Node 20 and later, built-in modules only.
import { spawn } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

const root = join(import.meta.dirname, "..");
const binaries = join(root, "node_modules", ".bin");

/** The Node 24 that is among the project's packages, so that scripts run on it whatever the machine has. */
export const node24 =
  process.platform === "win32" ? join(root, "node_modules", "node", "bin", "node.exe") : join(binaries, "node");

/** Installs the packages that package-lock.json names, unless exactly those are there already. */
export async function ensureDependencies() {
  if (isInstalled()) return;
  console.log("Installing the packages that package-lock.json names");
  const started = performance.now();
  const args = ["ci", "--loglevel=error", "--no-audit", "--no-fund", "--no-progress"];
  // npm must not run on the very Node that it is about to replace.
  const path = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== binaries);
  const code = await run("npm", args, { PATH: path.join(delimiter) });
  if (code !== 0) fail("The packages could not be installed; npm says above why.");
  if (!isInstalled())
    fail("npm ended well, yet node_modules is not what package-lock.json names. Delete it and try again.");
  console.log(`Installed in ${seconds(started)}`);
}

/**
 * Runs one of the project's TypeScript files on Node 24 and ends this process as that one ends. Signals are passed on, so
 * that Ctrl+C and a supervisor's SIGTERM reach it.
 */
export async function runOnNode24(script, args) {
  process.exit(await run(node24, [join(root, "scripts", script), ...args]));
}

/** npm itself notes in node_modules/.package-lock.json what it has put there, as the last thing it does. */
function isInstalled() {
  try {
    const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
    const found = JSON.parse(readFileSync(join(root, "node_modules", ".package-lock.json"), "utf8")).packages;
    accessSync(node24, constants.X_OK);
    return Object.entries(wanted).every(
      ([path, { version, optional }]) => path === "" || found[path]?.version === version || (optional && !found[path]),
    );
  } catch {
    return false;
  }
}

function run(command, args, env = {}) {
  return new Promise((resolve) => {
    const PATH = [binaries, process.env.PATH ?? ""].join(delimiter);
    const child = spawn(command, args, {
      cwd: root,
      stdio: "inherit",
      shell: process.platform === "win32" && command === "npm",
      env: { ...process.env, PATH, ...env },
    });
    const passOn = (signal) => child.kill(signal);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, passOn);
    child.once("error", (error) => fail(`${command} cannot be started: ${error.message}`));
    child.once("exit", (code, signal) => {
      for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.off(name, passOn);
      resolve(code ?? (signal === "SIGINT" ? 130 : 143));
    });
  });
}

function seconds(started) {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`;
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
