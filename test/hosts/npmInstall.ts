import { runCommand } from "./runCommand.ts";

/** What npm notes about the project that it runs a script of: it would lead another npm astray. */
const NOTES =
  /^npm_(package_|lifecycle_|command$|config_(local_prefix|prefix|noproxy|userconfig|ignore_scripts)$)|^INIT_CWD$/;

/** Runs npm in a folder of its own, as if by hand. Rejects with the tail of its output when it fails. */
export async function npm(cwd: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<void> {
  const own = Object.entries(process.env).filter(([name]) => !NOTES.test(name));
  await runCommand("npm", args, { cwd, env: { ...Object.fromEntries(own), ...more } });
}

/** Installs packages without running their scripts. */
export function npmInstall(cwd: string, packages: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<void> {
  const quietly = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--loglevel=error"];
  return npm(cwd, ["install", ...quietly, ...packages], more);
}
