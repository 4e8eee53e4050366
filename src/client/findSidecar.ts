import { readFileSync, realpathSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { SIDECAR_FILE, socketPath, TOKEN_FILE } from "../domain/dataFolder.ts";
import { type Handshake, handshakeSchema } from "../domain/handshake.ts";
import { SidecarUnavailableError } from "./sidecarUnavailableError.ts";

/** A running sidecar: where it is, what it is, and the token that opens its API. */
export interface FoundSidecar {
  readonly url: string;
  readonly token: string;
  readonly pid: number;
  readonly version: string;
  readonly protocol: number;
}

/** A living sidecar says its line at once; one that has been stopped in its tracks never does. */
const HANDSHAKE_LIMIT_MS = 2_000;

/**
 * The sidecar that owns a data folder, or null where none runs.
 * @throws SidecarUnavailableError where someone holds the folder's socket but does not speak, or speaks for another folder.
 */
export async function findSidecar(dataDir: string, limitMs = HANDSHAKE_LIMIT_MS): Promise<FoundSidecar | null> {
  const folder = resolve(dataDir);
  const line = await readLine(folder, limitMs);
  if (line === null) {
    return null;
  }
  const handshake = parseHandshake(line);
  if (handshake === null) {
    throw new SidecarUnavailableError(`What listens for the data folder ${folder} is not a Tollgate sidecar.`);
  }
  if (!sameFolder(handshake.dataDir, folder)) {
    throw new SidecarUnavailableError(
      `The sidecar found for ${folder} (pid ${handshake.pid}) serves another folder: ${handshake.dataDir}.`,
    );
  }
  const { url, pid, version, protocol } = handshake;
  const announced = announcement(folder);
  if (announced === null) {
    // It has just left.
    return null;
  }
  if (announced.url !== url) {
    throw new SidecarUnavailableError(
      `What listens for the data folder ${folder} is not the sidecar that the folder names: the token is not sent there.`,
    );
  }
  return { url, pid, version, protocol, token: readToken(folder) };
}

/** The socket's line; null where nobody listens, or who listened has just left. */
function readLine(dataDir: string, limitMs: number): Promise<string | null> {
  return new Promise((settle, reject) => {
    const connection = connect(socketPath(dataDir, process.platform, tmpdir()));
    let heard = "";
    const limit = setTimeout(() => {
      connection.destroy();
      reject(new SidecarUnavailableError(notAnswering(dataDir)));
    }, limitMs);
    connection.setEncoding("utf8");
    connection.on("data", (text: string) => {
      heard += text;
      if (heard.includes("\n") || heard.length > 65_536) {
        connection.destroy();
      }
    });
    connection.on("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(limit);
      if (["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE", "ENOTDIR"].includes(error.code ?? "")) {
        settle(null);
      } else {
        reject(
          new SidecarUnavailableError(`The sidecar of ${dataDir} cannot be asked: ${error.message}`, { cause: error }),
        );
      }
    });
    connection.on("close", () => {
      clearTimeout(limit);
      settle(heard === "" ? null : heard);
    });
  });
}

function notAnswering(dataDir: string): string {
  const pid = announcement(dataDir)?.pid;
  return typeof pid !== "number"
    ? `A sidecar holds the data folder ${dataDir} but does not answer. End it, then try again.`
    : `The sidecar (process ${pid}) holds the data folder ${dataDir} but does not answer. End that process, then try again.`;
}

/**
 * What the sidecar has written into its folder before it speaks. The socket's place can be anyone's (a pipe, or a folder for
 * temporary files), the folder is the user's own.
 */
function announcement(dataDir: string): { readonly pid: unknown; readonly url: unknown } | null {
  try {
    const { pid, url } = JSON.parse(readFileSync(join(dataDir, SIDECAR_FILE), "utf8"));
    return { pid, url };
  } catch {
    return null;
  }
}

function parseHandshake(line: string): Handshake | null {
  try {
    return handshakeSchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

function readToken(dataDir: string): string {
  const path = join(dataDir, TOKEN_FILE);
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new SidecarUnavailableError(`The sidecar's token ${path} cannot be read: ${why}`, { cause: error });
  }
}

function sameFolder(one: string, other: string): boolean {
  return resolve(one) === resolve(other) || realPath(one) === realPath(other);
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}
