import { dirname } from "node:path";
import type { AppendFile, FileSystem } from "../../src/ledger/fileSystem.ts";

class FakeFile {
  content = Buffer.alloc(0);
  /** So many bytes at its beginning survive a power cut. */
  synced = 0;
}

/** Numbers from 0 to 1, the same ones for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function failure(code: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

/** A disk in memory that can fill up, fail, refuse writes and lose power. */
export class FakeFileSystem implements FileSystem {
  #files = new Map<string, FakeFile>();
  /** Names as a power cut leaves them. */
  #durable = new Map<string, FakeFile>();
  #nameChanges: Array<{ readonly folder: string; readonly path: string; readonly file: FakeFile | null }> = [];
  /** Bytes that the disk holds in all. */
  capacity = Number.POSITIVE_INFINITY;
  readOnly = false;
  /** The next syncs of files fail, so many of them. */
  failingSyncs = 0;
  /** A disk (or a program) that leaves the sync out. */
  leavesSyncsOut = false;
  /** Holds syncs back until it resolves. */
  beforeSync: (() => Promise<void>) | null = null;
  /** Told of every operation that changes the disk, before it happens. */
  onOperation: ((name: string) => void) | null = null;
  /** Names of files that were read. */
  readonly filesRead: string[] = [];
  syncsOf = new Map<AppendFile, number>();

  /** What the next process finds after this one was killed: everything that it has written. */
  afterKill(): FakeFileSystem {
    const after = new FakeFileSystem();
    for (const [path, { content }] of this.#files) {
      after.put(path, Buffer.from(content));
    }
    return after;
  }

  /**
   * What a machine finds after the power went: what was not synced is cut at random, or zeros from there on, which may
   * reach beyond what was written.
   */
  afterPowerCut(random: () => number): FakeFileSystem {
    const after = new FakeFileSystem();
    const names = new Map(this.#durable);
    for (const { path, file } of this.#nameChanges.slice(0, Math.floor(random() * (this.#nameChanges.length + 1)))) {
      apply(names, path, file);
    }
    for (const [path, file] of names) {
      const kept = file.synced + Math.floor(random() * (file.content.length - file.synced + 1));
      const content = Buffer.from(file.content.subarray(0, random() < 0.7 ? kept : file.content.length));
      content.fill(0, kept);
      const unsynced = file.synced < file.content.length;
      after.put(path, unsynced && random() < 0.3 ? Buffer.concat([content, Buffer.alloc(512)]) : content);
    }
    return after;
  }

  put(path: string, content: Uint8Array): void {
    const file = new FakeFile();
    file.content = Buffer.from(content);
    file.synced = file.content.length;
    this.#files.set(path, file);
    this.#durable.set(path, file);
  }

  get(path: string): Buffer {
    return this.#file(path).content;
  }

  get paths(): string[] {
    return [...this.#files.keys()].sort();
  }

  makeFolder(path: string): void {
    this.#mayChange("makeFolder", path);
  }

  list(path: string): string[] {
    return this.paths.filter((name) => dirname(name) === path).map((name) => name.slice(path.length + 1));
  }

  exists(path: string): boolean {
    return this.#files.has(path);
  }

  isOpenToOthers(): boolean {
    return false;
  }

  closeToOthers(path: string): void {
    this.#mayChange("closeToOthers", path);
  }

  makeReadOnly(path: string): void {
    this.#mayChange("makeReadOnly", path);
  }

  read(path: string, into: (length: number) => Uint8Array = Buffer.alloc): Uint8Array {
    this.filesRead.push(path);
    const { content } = this.#file(path);
    // SQLite goes on to write into the image that it was given.
    const bytes = into(content.length);
    bytes.set(content);
    return bytes;
  }

  readStart(path: string, length: number): Uint8Array {
    return this.#file(path).content.subarray(0, length);
  }

  createExclusively(path: string): AppendFile {
    this.#mayChange("create", path);
    if (this.#files.has(path)) {
      throw failure("EEXIST", path);
    }
    const file = new FakeFile();
    this.#name(path, file);
    let open = true;
    const handle: AppendFile = {
      write: (bytes) => {
        this.#mayChange("write", path, open);
        const room = Math.max(0, this.capacity - this.#used());
        file.content = Buffer.concat([file.content, bytes.subarray(0, room)]);
        if (room < bytes.length) {
          throw failure("ENOSPC", path);
        }
      },
      sync: async () => {
        this.#mayChange("sync", path, open);
        this.syncsOf.set(handle, (this.syncsOf.get(handle) ?? 0) + 1);
        const length = file.content.length;
        await (this.beforeSync?.() ?? new Promise((resolve) => setImmediate(resolve)));
        if (this.failingSyncs > 0) {
          this.failingSyncs -= 1;
          throw failure("EIO", path);
        }
        if (!this.leavesSyncsOut) {
          file.synced = Math.max(file.synced, length);
        }
      },
      truncate: (length) => {
        this.#mayChange("truncate", path, open);
        file.content = file.content.subarray(0, length);
        file.synced = Math.min(file.synced, length);
      },
      close: () => {
        if (!open) {
          throw failure("EBADF", path);
        }
        open = false;
      },
    };
    return handle;
  }

  async writeFile(path: string, bytes: Uint8Array): Promise<void> {
    this.#mayChange("writeFile", path);
    if (this.#used() + bytes.length > this.capacity) {
      throw failure("ENOSPC", path);
    }
    const file = new FakeFile();
    file.content = Buffer.from(bytes);
    this.#name(path, file);
    await new Promise((resolve) => setImmediate(resolve));
    file.synced = this.leavesSyncsOut ? 0 : bytes.length;
  }

  async rename(from: string, to: string): Promise<void> {
    this.#mayChange("rename", from);
    const file = this.#file(from);
    this.#name(from, null);
    this.#name(to, file);
  }

  remove(path: string): void {
    this.#mayChange("remove", path);
    this.#name(path, null);
  }

  async syncFolder(path: string): Promise<void> {
    this.#mayChange("syncFolder", path);
    await new Promise((resolve) => setImmediate(resolve));
    if (this.leavesSyncsOut) {
      return;
    }
    for (const change of this.#nameChanges.filter(({ folder }) => folder === path)) {
      apply(this.#durable, change.path, change.file);
    }
    this.#nameChanges = this.#nameChanges.filter(({ folder }) => folder !== path);
  }

  #mayChange(operation: string, path: string, open = true): void {
    if (!open) {
      throw failure("EBADF", path);
    }
    if (this.readOnly) {
      throw failure("EROFS", path);
    }
    this.onOperation?.(operation);
  }

  #name(path: string, file: FakeFile | null): void {
    apply(this.#files, path, file);
    this.#nameChanges.push({ folder: dirname(path), path, file });
  }

  #file(path: string): FakeFile {
    const file = this.#files.get(path);
    if (file === undefined) {
      throw failure("ENOENT", path);
    }
    return file;
  }

  #used(): number {
    return [...this.#files.values()].reduce((sum, { content }) => sum + content.length, 0);
  }
}

function apply(names: Map<string, FakeFile>, path: string, file: FakeFile | null): void {
  if (file === null) {
    names.delete(path);
  } else {
    names.set(path, file);
  }
}
