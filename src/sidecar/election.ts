import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync, unlinkSync, writeSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Handshake, handshakeSchema } from "../domain/handshake.ts";

const LOCK_FILE = "election.lock";
const RETRY_MS = 25;
/** A living owner answers at once, or when it has opened its ledger; one that was stopped in its tracks keeps its folder. */
const HANDSHAKE_LIMIT_MS = 5_000;
const ELECTION_LIMIT_MS = 15_000;
/** Whoever has the lock needs seconds. What is older was left behind, whatever process bears its maker's number by now. */
const LOCK_LIMIT_MS = 60_000;

/** This process owns the data folder until `close`. */
export interface Ownership {
  readonly kind: "owner";
  close(): Promise<void>;
}

/** Another process owns it; `handshake` is null where that process does not answer. */
export interface OtherOwner {
  readonly kind: "other";
  readonly handshake: Handshake | null;
}

/**
 * Makes this process the one owner of a data folder, or tells who is. The socket is taken over from a dead owner only
 * under a lock file that exactly one process can create, and only after asking once more inside the lock: without that,
 * two processes that find a stale socket together unlink each other's.
 */
export async function elect(
  dataDir: string,
  socket: string,
  greeting: () => Promise<Handshake>,
): Promise<Ownership | OtherOwner> {
  const lock = join(dataDir, LOCK_FILE);
  const deadline = Date.now() + ELECTION_LIMIT_MS;
  for (;;) {
    const owner = await askOwner(socket);
    if (owner !== "nobody") {
      return { kind: "other", handshake: owner };
    }
    if (takeLock(lock)) {
      try {
        const meanwhile = await askOwner(socket);
        if (meanwhile !== "nobody") {
          return { kind: "other", handshake: meanwhile };
        }
        return await bind(socket, greeting);
      } finally {
        rmSync(lock, { force: true });
      }
    }
    if (Date.now() > deadline) {
      throw new Error(`The lock ${lock} is held by another process that does not finish. End it, or remove the file.`);
    }
    await delay(RETRY_MS);
  }
}

/** Who answers on the socket: a handshake, null for someone who does not speak, `nobody` where no one listens. */
function askOwner(socket: string): Promise<Handshake | null | "nobody"> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    let heard = "";
    connection.setEncoding("utf8");
    connection.setTimeout(HANDSHAKE_LIMIT_MS, () => {
      connection.destroy();
      resolve(null);
    });
    connection.on("data", (text: string) => {
      heard += text;
    });
    connection.on("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code === "ENOENT" || error.code === "ECONNREFUSED" ? "nobody" : null);
    });
    connection.on("close", () => resolve(parseHandshake(heard)));
  });
}

function parseHandshake(line: string): Handshake | null {
  try {
    return handshakeSchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

/** Whether this process got the lock. A lock that was left behind is moved aside, which only one process can do. */
function takeLock(lock: string): boolean {
  try {
    const file = openSync(lock, "wx", 0o600);
    writeSync(file, String(process.pid));
    closeSync(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      throw error;
    }
  }
  const maker = readMaker(lock);
  if (isOld(lock) || (maker !== null && !isAlive(maker))) {
    const aside = `${lock}.${maker}.${process.pid}`;
    try {
      renameSync(lock, aside);
      // Between the look and the rename another process may have broken the lock and made its own: give that one back.
      if (readMaker(aside) !== maker) {
        renameSync(aside, lock);
      } else {
        unlinkSync(aside);
      }
    } catch {
      // Another process was quicker.
    }
  }
  return false;
}

function isOld(lock: string): boolean {
  const made = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
  return made !== undefined && Date.now() - made > LOCK_LIMIT_MS;
}

/** Null while the maker has not written its pid yet. */
function readMaker(lock: string): number | null {
  try {
    const pid = Number(readFileSync(lock, "utf8"));
    return Number.isInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function bind(socket: string, greeting: () => Promise<Handshake>): Promise<Ownership> {
  if (process.platform !== "win32") {
    rmSync(socket, { force: true });
  }
  return new Promise((resolve, reject) => {
    const server: Server = createServer((connection) => {
      connection.on("error", () => connection.destroy());
      greeting().then(
        (handshake) => connection.end(`${JSON.stringify(handshake)}\n`),
        () => connection.destroy(),
      );
    });
    server.once("error", reject);
    server.listen(socket, () => {
      server.removeListener("error", reject);
      resolve({
        kind: "owner",
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
          }),
      });
    });
  });
}
