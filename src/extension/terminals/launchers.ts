import { accessSync, chmodSync, constants, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

/** Tools that read no address from the environment, by the names of their programs. */
export const LAUNCHED_TOOLS = ["codex", "opencode"] as const;
export type LaunchedTool = (typeof LAUNCHED_TOOLS)[number];

/** The variable that tells a launcher which project its terminal is of. */
export const PROJECT_VARIABLE = "TOLLGATE_PROJECT";

export interface Launching {
  /** The folder that launchers are written to. */
  readonly folder: string;
  /** Node, or an Electron that has to be told to be one, and the command line for it. */
  readonly nodePath: string;
  readonly isElectron: boolean;
  readonly cliPath: string;
}

/** The tools of a list whose program is found on a search path, the launchers themselves left out. */
export function installedOf<T extends string>(tools: readonly T[], searchPath: string, launchers: string): T[] {
  const folders = searchPath.split(delimiter).filter((folder) => folder !== "" && resolve(folder) !== launchers);
  return tools.filter((tool) => folders.some((folder) => isProgram(join(folder, tool))));
}

/**
 * Writes a program of each tool's name, which starts the tool by `tollgate run`; programs of other tools are taken away. What
 * stands there already is not written again. For shells of Unix.
 */
export function writeLaunchers(launching: Launching, tools: readonly LaunchedTool[]): void {
  const { folder } = launching;
  for (const tool of LAUNCHED_TOOLS) {
    const file = join(folder, tool);
    if (!tools.includes(tool)) {
      rmSync(file, { force: true });
      continue;
    }
    const text = launcherOf(tool, launching);
    if (textOf(file) !== text) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, text);
      chmodSync(file, 0o755);
    }
  }
}

function launcherOf(tool: string, { nodePath, isElectron, cliPath }: Launching): string {
  const [node, cli] = [quoted(nodePath), quoted(cliPath)];
  return `#!/bin/sh
# Written by Tollgate: ${tool} reads no address from the environment, so terminals of VS Code start it through the gate.
own=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
rest=
set -f
IFS=:
for folder in $PATH; do
  [ "$folder" = "$own" ] || rest="$rest:$folder"
done
unset IFS
set +f
PATH=\${rest#:}
export PATH
[ -x ${node} ] && [ -f ${cli} ] || exec ${tool} "$@"
if [ -n "$${PROJECT_VARIABLE}" ]; then
  set -- --project "$${PROJECT_VARIABLE}" -- ${tool} "$@"
else
  set -- -- ${tool} "$@"
fi
${isElectron ? "ELECTRON_RUN_AS_NODE=1 " : ""}exec ${node} ${cli} run "$@"
`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
