import { open, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Caller } from "../../domain/caller.ts";

/** A branch that was read is taken as it is for so long, ms. */
const FRESH_MS = 1_000;
/** A folder that does not answer, as on a server that is gone, keeps no call waiting longer than this, ms. */
const PATIENCE_MS = 100;
const LARGEST_FILE = 4_096;
const MOST_FOLDERS = 200;

interface Known {
  readonly branch: Promise<string | null>;
  /** Of the monotonic clock, ms. */
  readonly readAt: number;
}

const known = new Map<string, Known>();

/** Of the folder that a caller works in, where it names one; see `branchOf`. */
export function branchFor({ folder }: Caller): Promise<string | null> | null {
  return folder === undefined ? null : branchOf(folder);
}

/**
 * The Git branch that is checked out where a folder lies; null where there is none: no repository, a commit checked out by
 * itself, or a file that cannot be read. No git is run: `HEAD` names the branch, whether its commit stands in a file of its
 * own or among the packed ones. Never fails.
 */
export function branchOf(folder: string): Promise<string | null> {
  const now = performance.now();
  const last = known.get(folder);
  if (last !== undefined && now - last.readAt < FRESH_MS) {
    return last.branch;
  }
  if (known.size >= MOST_FOLDERS) {
    known.clear();
  }
  const branch = Promise.race([readBranch(folder).catch(() => null), silence()]);
  known.set(folder, { branch, readAt: now });
  return branch;
}

function silence(): Promise<null> {
  return new Promise((resolve) => {
    setTimeout(resolve, PATIENCE_MS, null).unref();
  });
}

async function readBranch(folder: string): Promise<string | null> {
  const gitFolder = await gitFolderOf(resolve(folder));
  if (gitFolder === null) {
    return null;
  }
  const head = await readText(join(gitFolder, "HEAD"));
  const branch = /^ref: refs\/heads\/(.+)/.exec(head)?.[1]?.trim() ?? "";
  // Repositories of the newer "reftable" kind keep this in place of the name.
  return branch === "" || branch === ".invalid" ? null : branch;
}

/** The folder that holds `HEAD`: `.git`, or where a file of that name points to, as in worktrees and submodules. */
async function gitFolderOf(start: string): Promise<string | null> {
  for (let folder = start; ; folder = dirname(folder)) {
    const git = join(folder, ".git");
    const found = await stat(git).catch(() => null);
    if (found?.isDirectory() === true) {
      return git;
    }
    if (found?.isFile() === true) {
      const target = /^gitdir: (.+)/.exec(await readText(git))?.[1]?.trim();
      return target === undefined ? null : resolve(folder, target);
    }
    if (folder === dirname(folder)) {
      return null;
    }
  }
}

/** The beginning of a file. */
async function readText(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LARGEST_FILE), 0, LARGEST_FILE, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}
