import { basename, join } from "node:path";
import type { Call } from "../../domain/call.ts";
import { archiveFolder } from "../archiveFolder.ts";
import { callOfRow } from "../callRows.ts";
import type { LedgerDatabase } from "../database.ts";
import type { FileSystem } from "../fileSystem.ts";
import { Ledger } from "../ledger.ts";
import { copyDamaged } from "../recovery.ts";
import { PREVIOUS_SNAPSHOT, SNAPSHOT, writeSnapshot } from "../snapshot.ts";
import { allBooks } from "./booksCheck.ts";
import { counted } from "./finding.ts";
import type { Inspection } from "./inspect.ts";

export interface RepairOptions {
  readonly fs: FileSystem;
  readonly dir: string;
  readonly now: () => number;
  readonly wasmPath?: string;
}

/**
 * Rebuilds the database from the journal; the old one is set aside. Calls that only the old one still knows, because their
 * line in the journal is damaged, are booked anew. Tells what was done. Fails as the file system does.
 */
export async function repair(inspection: Inspection, options: RepairOptions): Promise<string[]> {
  const { fs, dir } = options;
  const done: string[] = [];
  for (const path of inspection.openToOthers) {
    fs.closeToOthers(path);
    done.push(`Left ${path} to you alone.`);
  }
  for (const [number, lines] of inspection.journal.damaged) {
    done.push(
      `Copied ${counted(lines.length, "damaged line", "damaged lines")} to ${await copyDamaged(fs, dir, number, lines)}.`,
    );
  }
  if (inspection.booksAtFault && !inspection.journal.reachesBack) {
    done.push("Left the database as it is: the journal does not tell everything that it could be rebuilt from.");
  } else if (inspection.booksAtFault) {
    const rescued = onlyInBooks(inspection);
    done.push(...(await replaceDatabase(inspection.replayed, options)));
    if (rescued.length > 0) {
      await bookAnew(rescued, options);
      done.push(`Booked ${counted(rescued.length, "call", "calls")} anew that only the old database still knew.`);
    }
  }
  return done;
}

/** Calls whose entries in the journal cannot be read any more. */
function onlyInBooks({ books, replayed, journal }: Inspection): Call[] {
  const calls: Call[] = [];
  if (books === null) {
    return calls;
  }
  for (const { database, keys } of allBooks(books)) {
    database.each("SELECT * FROM call_rows ORDER BY seq", [], (row) => {
      const known = replayed.get("SELECT 1 FROM call_rows WHERE id = ?", [row.id ?? null]) !== null;
      if (!known && journal.mayHaveHeld(Number(row.seq))) {
        calls.push(callOfRow(row, keys));
      }
    });
  }
  return calls;
}

async function replaceDatabase(database: LedgerDatabase, { fs, dir, now }: RepairOptions): Promise<string[]> {
  const done: string[] = [];
  const when = new Date(now()).toISOString().replaceAll(":", "-");
  for (const name of [SNAPSHOT, PREVIOUS_SNAPSHOT, basename(archiveFolder(dir))]) {
    if (fs.exists(join(dir, name))) {
      const aside = `${name}.replaced-${when}`;
      await fs.rename(join(dir, name), join(dir, aside));
      done.push(`Set ${name} aside as ${aside}.`);
    }
  }
  await writeSnapshot(fs, dir, { database, by: "repair" });
  return [...done, "Rebuilt the database from the journal."];
}

async function bookAnew(calls: readonly Call[], { dir, ...options }: RepairOptions): Promise<void> {
  const ledger = await Ledger.open({ dir, ...options });
  try {
    await Promise.all(calls.map((call) => ledger.append({ type: "call.settled", call })));
  } finally {
    await ledger.close();
  }
}
