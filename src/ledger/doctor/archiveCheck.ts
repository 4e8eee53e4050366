import { join } from "node:path";
import type { SqlJsStatic } from "sql.js";
import { archiveFolder } from "../archiveFolder.ts";
import type { Archive } from "../books.ts";
import type { FileSystem } from "../fileSystem.ts";
import { openImage } from "../snapshot.ts";
import { counted, type Finding, fault, note } from "./finding.ts";

/** Whether every archive that the database names can be read and holds as many calls as it should. */
export function checkArchives(
  fs: FileSystem,
  dir: string,
  sqlite: SqlJsStatic,
  archives: readonly Archive[],
): Finding[] {
  const named = new Set(archives.map(({ file }) => file));
  const unnamed = fs.list(archiveFolder(dir)).filter((file) => !named.has(file));
  return [
    ...archives.flatMap((archive) => checkArchive(fs, join(archiveFolder(dir), archive.file), sqlite, archive)),
    ...(unnamed.length === 0
      ? []
      : [note(`The database uses none of ${counted(unnamed.length, "file", "files")} in ${archiveFolder(dir)}.`)]),
  ];
}

function checkArchive(fs: FileSystem, path: string, sqlite: SqlJsStatic, archive: Archive): Finding[] {
  if (!fs.exists(path)) {
    return [fault(`The archive ${path} is missing.`)];
  }
  const database = openImage(sqlite, fs.read(path), "thorough");
  if (database === null) {
    return [fault(`The archive ${path} is damaged.`)];
  }
  const calls = Number(database.get("SELECT COUNT(*) AS calls FROM call_rows")?.calls);
  database.close();
  return calls === archive.calls
    ? []
    : [fault(`The archive ${path} holds ${counted(calls, "call", "calls")}, not ${archive.calls}.`)];
}
