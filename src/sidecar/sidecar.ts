import { Ledger } from "../ledger/ledger.ts";
import { ConfigStore } from "./configStore.ts";
import { readOrMakeToken } from "./dataFolder.ts";
import { interruptedCall } from "./interrupted.ts";
import { Passes } from "./passes.ts";
import type { SidecarOptions } from "./sidecarOptions.ts";
import { composeParts, type SidecarParts } from "./sidecarParts.ts";

/** Everything the process does once it owns its data folder. */
export class Sidecar {
  readonly url: string;
  readonly #parts: SidecarParts;
  #leaving = false;

  static async start(options: SidecarOptions): Promise<Sidecar> {
    const { dataDir, now, log, environment } = options;
    const store = new ConfigStore({ dataDir, file: options.configFile, environment });
    const passes = new Passes(dataDir);
    const token = readOrMakeToken(dataDir);
    const ledger = await Ledger.open({
      ...options.ledger,
      dir: dataDir,
      now,
      ...(options.wasmPath === undefined ? {} : { wasmPath: options.wasmPath }),
    });
    try {
      await bookInterrupted(ledger, now);
      const { url, parts } = await composeParts(options, { store, passes, token, ledger });
      return new Sidecar(url, parts);
    } catch (error) {
      log("The sidecar could not start; its ledger is closed again");
      await ledger.close();
      throw error;
    }
  }

  private constructor(url: string, parts: SidecarParts) {
    this.url = url;
    this.#parts = parts;
  }

  /** Takes no more calls, lets those under way finish for at most `limitMs`, then books what is left and closes the ledger. */
  async drainAndClose(limitMs: number): Promise<void> {
    if (this.#leaving) {
      return;
    }
    this.#leaving = true;
    const { server, gateway, events, meter, sharer, stopCommands, passes, runs, published, tokenCounter, ledger } =
      this.#parts;
    runs.stop();
    published.stop();
    events.close();
    await server.close(limitMs);
    await gateway.idle();
    await meter.stop();
    sharer.stop();
    stopCommands.stop();
    gateway.close();
    tokenCounter.close();
    passes.flush();
    await ledger.append({ type: "sidecar.stopped", pid: process.pid });
    await ledger.close();
  }
}

/** Calls that a crash left without an end are booked before anything else counts. */
async function bookInterrupted(ledger: Ledger, now: () => number): Promise<void> {
  for (const { held, at } of ledger.openHolds()) {
    await ledger.append({ type: "call.settled", call: interruptedCall(held, at, now()) });
  }
}
