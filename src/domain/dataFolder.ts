import type { Environment } from "./config.ts";

/** Facts of the machine that decide where things lie. */
export interface Machine {
  /** As `process.platform` says it. */
  readonly platform: string;
  readonly home: string;
  readonly environment: Environment;
}

/** Socket paths are cut off or refused beyond this many bytes on macOS; Linux allows a few more. */
const LONGEST_SOCKET_PATH = 100;

/** The user's data folder: `TOLLGATE_DATA_DIR`, else the platform's convention. */
export function defaultDataDir({ platform, home, environment }: Machine): string {
  const chosen = environment.TOLLGATE_DATA_DIR;
  if (chosen !== undefined && chosen !== "") {
    return chosen;
  }
  if (platform === "win32") {
    return `${environment.LOCALAPPDATA ?? `${home}\\AppData\\Local`}\\Tollgate`;
  }
  if (platform === "darwin") {
    return `${home}/Library/Application Support/Tollgate`;
  }
  return `${environment.XDG_DATA_HOME || `${home}/.local/share`}/tollgate`;
}

/** Where a data folder's sidecar listens for those who look for it. `tempDir` takes over where the path grows too long. */
export function socketPath(dataDir: string, platform: string, tempDir: string): string {
  if (platform === "win32") {
    return `\\\\.\\pipe\\tollgate-${fnv1a(dataDir.toLowerCase())}`;
  }
  const direct = `${dataDir}/sidecar.sock`;
  return direct.length <= LONGEST_SOCKET_PATH
    ? direct
    : `${tempDir.replace(/\/+$/, "")}/tollgate-${fnv1a(dataDir)}.sock`;
}

/** File with the API's bearer token, below the data folder; mode 0600. */
export const TOKEN_FILE = "token";
/** File that tells pid and address of the running sidecar, below the data folder; mode 0600. */
export const SIDECAR_FILE = "sidecar.json";

/** 64-bit FNV-1a over UTF-16 code units, as hex: names a path, guards nothing. */
function fnv1a(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let index = 0; index < text.length; index += 1) {
    hash = ((hash ^ BigInt(text.charCodeAt(index))) * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return hash.toString(16).padStart(16, "0");
}
