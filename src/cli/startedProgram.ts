import { basename } from "node:path";

/** The program that a command line starts in the end. */
export interface StartedProgram {
  /** Its file's or package's name, without folder, scope, version and the endings of Windows. */
  readonly name: string;
  /** The package that it comes in, without its version, where the command tells; else null. */
  readonly package: string | null;
  /** Where its own arguments begin among those of the command. */
  readonly argsFrom: number;
}

/** How a program that starts others is called: what stands before the other's name, and options that take a value. */
interface Launcher {
  readonly words: readonly string[];
  readonly valued: readonly string[];
}

const NPM_VALUED = ["-p", "--package", "-w", "--workspace", "--cache"];
const UV_VALUED = ["--from", "--with", "-p", "--python", "--index", "--index-url"];

/** Package runners, by their own names. */
const PACKAGE_RUNNERS: Readonly<Record<string, readonly Launcher[]>> = {
  npx: [{ words: [], valued: NPM_VALUED }],
  bunx: [{ words: [], valued: NPM_VALUED }],
  pnpx: [{ words: [], valued: NPM_VALUED }],
  npm: [
    { words: ["exec"], valued: NPM_VALUED },
    { words: ["x"], valued: NPM_VALUED },
  ],
  pnpm: [
    { words: ["dlx"], valued: NPM_VALUED },
    { words: ["exec"], valued: NPM_VALUED },
  ],
  yarn: [
    { words: ["dlx"], valued: NPM_VALUED },
    { words: ["exec"], valued: NPM_VALUED },
  ],
  bun: [{ words: ["x"], valued: NPM_VALUED }],
  uvx: [{ words: [], valued: UV_VALUED }],
  uv: [
    { words: ["tool", "run"], valued: UV_VALUED },
    { words: ["run"], valued: UV_VALUED },
  ],
  pipx: [{ words: ["run"], valued: ["--spec", "--python", "--index-url", "--pip-args"] }],
};

const NODE_VALUED = ["-r", "--require", "--import", "--loader", "--experimental-loader", "-C", "--conditions"];

/** Interpreters, whose program is a script or a module; with the options that take a value. */
const INTERPRETERS: ReadonlyArray<readonly [name: RegExp, valued: readonly string[]]> = [
  [/^(node|nodejs|bun|deno|tsx|ts-node)$/, NODE_VALUED],
  [/^(python|pypy)[\d.]*$/, ["-W", "-X"]],
  [/^(ba|z|da|k)?sh$/, ["-o"]],
];
/** With these an interpreter runs what stands in the command itself. */
const INLINE = /^(-\w*[ecp]|--(eval|print))$/;

/** The program that is meant: what a package runner fetches, or an interpreter runs, else the command itself. */
export function startedProgram(command: string, args: readonly string[]): StartedProgram {
  const name = fileName(command);
  for (const { words, valued } of PACKAGE_RUNNERS[name] ?? []) {
    if (words.every((word, index) => args[index] === word)) {
      const at = firstOwn(args, words.length, valued);
      const wanted = at === null ? undefined : args[at];
      if (at !== null && wanted !== undefined) {
        const fetched = withoutVersion(wanted);
        const further = startedProgram(fetched, args.slice(at + 1));
        return { ...further, package: further.package ?? fetched, argsFrom: at + 1 + further.argsFrom };
      }
    }
  }
  const [, valued] = INTERPRETERS.find(([pattern]) => pattern.test(name)) ?? [];
  if (valued !== undefined) {
    const first = args[0] === "run" ? 1 : 0;
    const module = args[first] === "-m" ? args[first + 1] : undefined;
    const at = module === undefined ? firstOwn(args, first, valued) : first + 1;
    const script = at === null ? undefined : args[at];
    if (at !== null && script !== undefined) {
      return { name: fileName(script), package: module ?? packageOf(script), argsFrom: at + 1 };
    }
  }
  return { name, package: null, argsFrom: 0 };
}

/** The first argument that is neither an option nor an option's value; null where there is none, or the program is inline. */
function firstOwn(args: readonly string[], from: number, valued: readonly string[]): number | null {
  for (let at = from; at < args.length; at += 1) {
    const arg = args[at] as string;
    if (arg === "--") {
      return at + 1 < args.length ? at + 1 : null;
    }
    if (INLINE.test(arg) && !valued.includes(arg)) {
      return null;
    }
    if (!arg.startsWith("-")) {
      return at;
    }
    at += valued.includes(arg) ? 1 : 0;
  }
  return null;
}

/** The package that an installed script belongs to; null where it is no such script. */
function packageOf(script: string): string | null {
  const path = script.replaceAll("\\", "/");
  return /.*(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\/./.exec(path)?.[1] ?? null;
}

function fileName(path: string): string {
  return basename(path.replaceAll("\\", "/")).replace(/\.(exe|cmd|bat|ps1)$/i, "");
}

/** `@openai/codex@0.169.0` and `aider-chat==0.86` without what they pin. */
function withoutVersion(wanted: string): string {
  return wanted.replace(/(?<=.)(@|==|>=|~=|\[).*$/, "");
}
