import { join } from "node:path";

/** Where the files of months that have left the database lie. */
export function archiveFolder(dir: string): string {
  return join(dir, "archive");
}
