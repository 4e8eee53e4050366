import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** What calls from a folder are for: the name of the Git repository it lies in, else its own; undefined for the root. */
export function projectName(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    // In a linked work tree or a submodule, .git is a file.
    if (existsSync(join(at, ".git"))) {
      return basename(at) || undefined;
    }
    if (dirname(at) === at) {
      return basename(folder) || undefined;
    }
  }
}
