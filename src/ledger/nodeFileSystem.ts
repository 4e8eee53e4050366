import fs from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { AppendFile, FileSystem } from "./fileSystem.ts";

const RENAME_ATTEMPTS = 10;
const RENAME_PAUSE_MS = 30;
/** Permissions of the group and of all others. */
const OTHERS = 0o077;

class NodeAppendFile implements AppendFile {
  readonly #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  write(bytes: Uint8Array): void {
    let written = 0;
    while (written < bytes.length) {
      written += fs.writeSync(this.#descriptor, bytes, written);
    }
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.#descriptor, (error) => (error === null || error === undefined ? resolve() : reject(error)));
    });
  }

  truncate(length: number): void {
    fs.ftruncateSync(this.#descriptor, length);
  }

  close(): void {
    fs.closeSync(this.#descriptor);
  }
}

/** The machine's own file system. */
export const nodeFileSystem: FileSystem = {
  makeFolder(path) {
    fs.mkdirSync(path, { recursive: true, mode: 0o700 });
  },
  list(path) {
    try {
      return fs.readdirSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") {
        return [];
      }
      throw error;
    }
  },
  exists(path) {
    return fs.existsSync(path);
  },
  isOpenToOthers(path) {
    return process.platform !== "win32" && (fs.statSync(path).mode & OTHERS) !== 0;
  },
  closeToOthers(path) {
    fs.chmodSync(path, fs.statSync(path).mode & 0o777 & ~OTHERS);
  },
  makeReadOnly(path) {
    // On Windows such a file could not be removed either.
    if (process.platform !== "win32") {
      fs.chmodSync(path, 0o400);
    }
  },
  read(path, into) {
    if (into === undefined) {
      return fs.readFileSync(path);
    }
    const descriptor = fs.openSync(path, "r");
    try {
      const bytes = into(fs.fstatSync(descriptor).size);
      let length = 0;
      for (let read = -1; length < bytes.length && read !== 0; length += read) {
        read = fs.readSync(descriptor, bytes, length, bytes.length - length, null);
      }
      return bytes.subarray(0, length);
    } finally {
      fs.closeSync(descriptor);
    }
  },
  readStart(path, length) {
    const descriptor = fs.openSync(path, "r");
    try {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, fs.readSync(descriptor, bytes, 0, length, 0));
    } finally {
      fs.closeSync(descriptor);
    }
  },
  createExclusively(path) {
    return new NodeAppendFile(fs.openSync(path, "ax", 0o600));
  },
  writeFile(path, bytes) {
    return fs.promises.writeFile(path, bytes, { mode: 0o600, flush: true });
  },
  async rename(from, to) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await fs.promises.rename(from, to);
      } catch (error) {
        // On Windows a virus scanner may have the file open for a moment.
        const busy = ["EPERM", "EACCES", "EBUSY"].includes((error as NodeJS.ErrnoException).code ?? "");
        if (process.platform !== "win32" || !busy || attempt === RENAME_ATTEMPTS) {
          throw error;
        }
        await pause(RENAME_PAUSE_MS);
      }
    }
  },
  remove(path) {
    fs.rmSync(path, { force: true });
  },
  async syncFolder(path) {
    if (process.platform === "win32") {
      return; // Folders cannot be opened there; NTFS journals its names itself.
    }
    const folder = await fs.promises.open(path, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
};
