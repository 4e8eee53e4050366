/** A file that only grows. */
export interface AppendFile {
  /** Puts all bytes at the end, into the kernel's hands when it returns. Throws where not all could be written. */
  write(bytes: Uint8Array): void;
  /** Resolves when everything written before is on the disk. */
  sync(): Promise<void>;
  /** Cuts the file to a length in bytes. */
  truncate(length: number): void;
  close(): void;
}

/**
 * All that the ledger asks of a file system, so that tests can let disks fill up, syncs fail and the power go.
 * Errors are those of Node, with a `code`.
 */
export interface FileSystem {
  /** Makes a folder, and those above it, for this user alone. */
  makeFolder(path: string): void;
  /** Names in a folder; none where it does not exist. */
  list(path: string): string[];
  exists(path: string): boolean;
  /** Whether other users may read or write a file or folder, where the system has such permissions. */
  isOpenToOthers(path: string): boolean;
  /** Leaves a file or folder to this user alone. */
  closeToOthers(path: string): void;
  /** Keeps a file from being changed by accident, where the system has such permissions; it can be renamed and removed. */
  makeReadOnly(path: string): void;
  /** Reads a whole file, into what `into` gives for so many bytes where that is named. */
  read(path: string, into?: (length: number) => Uint8Array): Uint8Array;
  /** At most the first `length` bytes. */
  readStart(path: string, length: number): Uint8Array;
  /** Makes a new file, for this user alone. Fails with `EEXIST` where it exists, whoever made it. */
  createExclusively(path: string): AppendFile;
  /** Writes a whole file; resolves when its content is on the disk. */
  writeFile(path: string, bytes: Uint8Array): Promise<void>;
  /** Renames a file in the place of another. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file if it exists. */
  remove(path: string): void;
  /** Resolves when new, renamed and removed names in a folder are on the disk. */
  syncFolder(path: string): Promise<void>;
}
