import { homedir } from "node:os";
import { join } from "node:path";

/**
 * The per-user folder for what is costly to make and safe to delete: an installed VS Code, the demo workspace.
 * It lies outside the clone, so that a fresh clone does not pay for it again.
 */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, "tollgate");
  if (process.platform === "win32" && LOCALAPPDATA) return join(LOCALAPPDATA, "tollgate", "Cache");
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "tollgate");
  return join(homedir(), ".cache", "tollgate");
}
