import { join } from "node:path";
import type { SqlJsStatic } from "sql.js";
import { archiveFolder } from "./archiveFolder.ts";
import { type Archive, type ArchivedBooks, type Books, NO_ARCHIVES } from "./books.ts";
import { CallKeys } from "./callKeys.ts";
import { callOfRow, INSERT_CALL, rowOfCall } from "./callRows.ts";
import type { LedgerDatabase } from "./database.ts";
import type { FileSystem } from "./fileSystem.ts";
import { mayContain } from "./idFilter.ts";
import { openImage } from "./snapshot.ts";

/** An archive that nobody has asked for so long is let go of, ms. */
const IDLE_MS = 30_000;

/** The start of the month (UTC) that an instant lies in, and of another so many months later. */
export function monthStart(atMs: number, later = 0): number {
  const at = new Date(atMs);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + later, 1);
}

export interface ArchivesOptions {
  readonly fs: FileSystem;
  readonly dir: string;
  readonly sqlite: SqlJsStatic;
  /** The hot database, which lists the archives. */
  readonly database: LedgerDatabase;
  /** Told in words for people of a file that cannot be read. */
  readonly trouble?: (file: string, message: string) => void;
}

/** Months that have left the hot database. A file is opened when a query needs it, one at a time. */
export class Archives implements ArchivedBooks {
  readonly #options: ArchivesOptions;
  #list: readonly Archive[] = [];
  #opened: { readonly file: string; readonly books: Books } | null = null;
  #idle: NodeJS.Timeout | null = null;

  constructor(options: ArchivesOptions) {
    this.#options = options;
    this.reload();
    for (const { file } of this.#list) {
      if (!options.fs.exists(this.#path(file))) {
        this.#tell(file);
      }
    }
  }

  get all(): readonly Archive[] {
    return this.#list;
  }

  /** Reads anew which there are: after they have changed, or a transaction was rolled back. */
  reload(): void {
    this.#list = this.#options.database
      .all("SELECT month, file, from_ms, until_ms, calls FROM archives ORDER BY from_ms DESC")
      .map((row) => ({
        month: String(row.month),
        file: String(row.file),
        from: Number(row.from_ms),
        until: Number(row.until_ms),
        calls: Number(row.calls),
      }));
  }

  open({ file }: Archive): Books | null {
    this.#idle?.refresh();
    if (this.#opened?.file === file) {
      return this.#opened.books;
    }
    this.close();
    const database = this.#read(file);
    if (database === null) {
      return null;
    }
    const books = { database, keys: new CallKeys(database), archives: NO_ARCHIVES };
    this.#opened = { file, books };
    this.#idle = setTimeout(() => this.close(), IDLE_MS).unref();
    return books;
  }

  thatMayHold(id: string): readonly Archive[] {
    return this.#list.filter(({ month }) => {
      const row = this.#options.database.get("SELECT ids FROM archives WHERE month = ?", [month]);
      return row?.ids instanceof Uint8Array && mayContain(row.ids, id);
    });
  }

  /** The archive of the month that an instant lies in. */
  at(startedAt: number): Archive | null {
    return this.#list.find(({ from }) => from <= startedAt && startedAt < monthStart(from, 1)) ?? null;
  }

  /** Puts a month's calls into the hot database again, because another call of that month has come. */
  takeBack(archive: Archive, keys: CallKeys): void {
    const books = this.open(archive);
    if (books === null) {
      return; // The totals stay right; only the file's calls cannot be shown.
    }
    const { database } = this.#options;
    books.database.each("SELECT * FROM call_rows WHERE started_at < ?", [archive.until], (row) => {
      const call = callOfRow(row, books.keys);
      database.run(INSERT_CALL, rowOfCall(call, Number(row.seq), keys.idOf(call), keys));
    });
    books.database.each("SELECT * FROM refusals", [], ({ call_id, refusal }) => {
      database.run("INSERT OR IGNORE INTO refusals (call_id, refusal) VALUES (?, ?)", [
        call_id ?? null,
        refusal ?? null,
      ]);
    });
    database.run("DELETE FROM archives WHERE month = ?", [archive.month]);
    this.reload();
    // Once no snapshot names the file any more, another one may get its name.
    this.close();
  }

  close(): void {
    this.#opened?.books.database.close();
    this.#opened = null;
    if (this.#idle !== null) {
      clearTimeout(this.#idle);
      this.#idle = null;
    }
  }

  #read(file: string): LedgerDatabase | null {
    const { fs, sqlite } = this.#options;
    try {
      const database = openImage(sqlite, fs.read(this.#path(file)), "known");
      if (database === null) {
        this.#tell(file);
      }
      return database;
    } catch {
      this.#tell(file);
      return null;
    }
  }

  #tell(file: string): void {
    this.#options.trouble?.(
      file,
      `The calls in ${this.#path(file)} cannot be read; the totals still count them. \`tollgate doctor --repair\` rebuilds them from the journal.`,
    );
  }

  #path(file: string): string {
    return join(archiveFolder(this.#options.dir), file);
  }
}
