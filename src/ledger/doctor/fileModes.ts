import { join } from "node:path";
import { archiveFolder } from "../archiveFolder.ts";
import type { FileSystem } from "../fileSystem.ts";
import { journalFolder } from "../journalSegment.ts";

/** The folder and those of its files that tell what was called, or open the API, where others could read them. */
export function openToOthers(fs: FileSystem, dir: string): string[] {
  const secrets = /^(token|passes\.json|config\.json|sidecar\.json|ledger\..*sqlite.*)$/;
  const folders = [journalFolder(dir), archiveFolder(dir)].filter((path) => fs.exists(path));
  const paths = [
    dir,
    ...fs.list(dir).flatMap((name) => (secrets.test(name) ? [join(dir, name)] : [])),
    ...folders.flatMap((folder) => [folder, ...fs.list(folder).map((name) => join(folder, name))]),
  ];
  return paths.filter((path) => fs.isOpenToOthers(path));
}
