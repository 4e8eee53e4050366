import {
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

/** A file's text; empty where there is none. */
export function readTool(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

/** Puts a text in a file's place at once, with the mode it had (0600 for a new one), through a link to where it leads. */
export function replaceFile(file: string, text: string): void {
  const isThere = existsSync(file);
  const target = isThere ? realpathSync(file) : file;
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
  const temporary = `${target}.tollgate-${process.pid}`;
  writeFileSync(temporary, text, { mode: isThere ? statSync(target).mode & 0o777 : 0o600, flush: true });
  renameSync(temporary, target);
}

/** Copies a file beside itself under a name that is free, and gives that. */
export function backUp(file: string): string {
  for (let count = 1; ; count += 1) {
    const backup = `${file}.tollgate-backup${count === 1 ? "" : `-${count}`}`;
    try {
      copyFileSync(file, backup, constants.COPYFILE_EXCL);
      return backup;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
        throw error;
      }
    }
  }
}
