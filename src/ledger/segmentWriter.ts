import type { AppendFile, FileSystem } from "./fileSystem.ts";
import { encodeLine, JOURNAL_FORMAT, type SegmentHeader } from "./journalLine.ts";
import { journalFolder, segmentPath } from "./journalSegment.ts";
import { fencedError } from "./ledgerError.ts";

export interface SegmentWriterOptions {
  readonly fs: FileSystem;
  readonly dir: string;
  /** A segment that has grown to so many bytes is followed by a new one. */
  readonly segmentBytes: number;
  /** Counts the sidecars that owned the folder. */
  readonly generation: number;
}

interface Segment {
  readonly file: AppendFile;
  readonly header: string;
  /** Bytes of whole lines; 0 while the header is not written. */
  bytes: number;
}

/** The journal's files as their writer sees them: one is written, others may wait for a sync or to be closed. */
export class SegmentWriter {
  readonly #options: SegmentWriterOptions;
  #number: number;
  #segment: Segment | null = null;
  readonly #dirtyFiles = new Set<AppendFile>();
  readonly #retiredFiles = new Set<AppendFile>();
  #folderDirty = true;
  #syncing = false;

  /**
   * Takes the folder: the new segment is the fence. A former owner that still lives finds it before it acknowledges anything
   * more, so whatever it has acknowledged can be read after this. Fails as `createExclusively` does.
   */
  constructor(options: SegmentWriterOptions, number: number) {
    this.#options = options;
    this.#number = number;
    this.#segment = { file: this.#create(number), header: "", bytes: 0 };
  }

  /** False once the segment was given up, until the next one is opened. */
  get isOpen(): boolean {
    return this.#segment !== null;
  }

  /** Writes the first segment's header, once what the folder held has been read. */
  begin(firstSeq: number): void {
    const { file } = this.#segment as Segment;
    this.#segment = { file, header: this.#header("start", firstSeq), bytes: 0 };
    this.#write(this.#segment, "");
  }

  /** Opens the next segment. Throws a LedgerError where another sidecar has. */
  open(opened: SegmentHeader["opened"], firstSeq: number): void {
    const file = this.#create(this.#number + 1);
    this.#number += 1;
    this.#folderDirty = true;
    if (this.#segment !== null) {
      this.#retiredFiles.add(this.#segment.file);
    }
    this.#segment = { file, header: this.#header(opened, firstSeq), bytes: 0 };
  }

  /** Hands whole lines to the kernel: all of them or, as far as the disk lets it, none. */
  write(lines: string, firstSeq: number): void {
    const { file, bytes } = this.#segment as Segment;
    const limit = this.#options.segmentBytes;
    if (bytes >= limit && !this.#syncing && !this.#dirtyFiles.has(file)) {
      this.open("rotation", firstSeq);
    } else if (bytes >= 2 * limit) {
      this.open("overflow", firstSeq);
    }
    this.#write(this.#segment as Segment, lines);
  }

  /** Resolves when everything written before is on the disk and the folder is still this sidecar's. */
  async sync(): Promise<void> {
    const files = [...this.#dirtyFiles];
    const folder = this.#folderDirty;
    this.#dirtyFiles.clear();
    this.#folderDirty = false;
    this.#syncing = true;
    try {
      for (const file of files) {
        await file.sync();
      }
      if (folder) {
        await this.#options.fs.syncFolder(journalFolder(this.#options.dir));
      }
    } finally {
      this.#syncing = false;
      this.#closeRetired();
    }
    this.checkFence();
  }

  /** Throws a LedgerError where another sidecar has taken the folder. */
  checkFence(): void {
    if (this.#options.fs.exists(segmentPath(this.#options.dir, this.#number + 1))) {
      throw fencedError(this.#options.dir);
    }
  }

  /** Writes and syncs the segment no more: after a failure, and at the end. */
  giveUp(): void {
    if (this.#segment !== null) {
      this.#retiredFiles.add(this.#segment.file);
      this.#segment = null;
    }
    this.#dirtyFiles.clear();
    this.#closeRetired();
  }

  /** Gives the folder back unused. */
  abandon(): void {
    this.giveUp();
    this.#removeSegment();
  }

  #write(segment: Segment, lines: string): void {
    const bytes = Buffer.from(`${segment.bytes === 0 ? segment.header : ""}${lines}`, "utf8");
    try {
      segment.file.write(bytes);
    } catch (error) {
      this.#undoWrite(segment);
      throw error;
    }
    segment.bytes += bytes.length;
    this.#dirtyFiles.add(segment.file);
  }

  #undoWrite(segment: Segment): void {
    try {
      segment.file.truncate(segment.bytes);
    } catch {
      // Half a line stays behind; readers take it for what it is.
      return;
    }
    if (segment.bytes === 0) {
      // Else a full disk would leave an empty segment behind at every attempt.
      this.giveUp();
      this.#removeSegment();
    }
  }

  #removeSegment(): void {
    try {
      this.#options.fs.remove(segmentPath(this.#options.dir, this.#number));
      this.#number -= 1;
      this.#folderDirty = true;
    } catch {
      // An empty segment stays behind and harms nobody.
    }
  }

  #create(number: number): AppendFile {
    const { fs, dir } = this.#options;
    try {
      return fs.createExclusively(segmentPath(dir, number));
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === "EEXIST" ? fencedError(dir) : error;
    }
  }

  #header(opened: SegmentHeader["opened"], firstSeq: number): string {
    const { generation } = this.#options;
    return encodeLine({ type: "segment", format: JOURNAL_FORMAT, generation, firstSeq, opened });
  }

  /** Closes files that nothing is written to any more, once no sync of them is under way or due. */
  #closeRetired(): void {
    if (this.#syncing) {
      return;
    }
    for (const file of this.#retiredFiles) {
      if (!this.#dirtyFiles.has(file)) {
        this.#retiredFiles.delete(file);
        try {
          file.close();
        } catch {
          // The descriptor is gone either way.
        }
      }
    }
  }
}
