import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";

const root = join(import.meta.dirname, "..", "..");

export interface SourceImport {
  /** The importing file, from the project's root, with `/`. */
  file: string;
  /** The imported file in the same form, or the name of a package or built-in module. */
  target: string;
  /** Gone at run time. */
  typeOnly: boolean;
}

const STATEMENT = /^\s*(?:import|export)\b(?<clause>[^;"'`()]*?)\bfrom\s*["'](?<from>[^"']+)["']/gm;
const SIDE_EFFECT = /^\s*import\s*["'](?<from>[^"']+)["']/gm;
const CALL = /\b(?:import|require)\s*\(\s*["'](?<from>[^"']+)["']/g;

/** Every file under src/, from the project's root. */
export function sourceFiles(): string[] {
  return globSync("src/**/*.{ts,tsx}", { cwd: root }).map(toSlashes).sort();
}

/** Every import under src/. */
export function sourceImports(): SourceImport[] {
  return sourceFiles().flatMap((file) => importsOf(file, readFileSync(join(root, file), "utf8")));
}

/** The imports in one file's text. */
export function importsOf(file: string, text: string): SourceImport[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const found = (pattern: RegExp): SourceImport[] =>
    [...code.matchAll(pattern)].map((match) => ({
      file,
      target: resolveTarget(file, match.groups?.from ?? ""),
      typeOnly: isTypeOnly(match.groups?.clause ?? ""),
    }));
  return [...found(STATEMENT), ...found(SIDE_EFFECT), ...found(CALL)];
}

function isTypeOnly(clause: string): boolean {
  if (/^\s*type\b/.test(clause)) return true;
  const named = /^\s*\{([^}]*)\}\s*$/.exec(clause)?.[1];
  const names = (named ?? "").split(",").filter((name) => name.trim() !== "");
  return names.length > 0 && names.every((name) => /^\s*type\s/.test(name));
}

function resolveTarget(file: string, specifier: string): string {
  if (!specifier.startsWith(".")) return specifier;
  return toSlashes(relative(root, resolve(root, dirname(file), specifier)));
}

function toSlashes(path: string): string {
  return path.split(sep).join("/");
}
