import type { IncomingMessage, ServerResponse } from "node:http";
import type { Protocol, Reading, RequestFacts } from "../../domain/protocol.ts";
import type { Turn } from "../turn.ts";
import { passTrailers } from "./headers.ts";
import { onlookerFor } from "./onlooker.ts";

/** Why a call was cut, as the ledger and the client are told. */
export const CUT_CODE = "budget_cut";
const CUT_MESSAGE =
  "Tollgate cut this answer: the provider went on beyond the output limit that was sent, and more was not held in the budget.";

/** How an answer's body ended. */
export interface RelayEnd {
  readonly reading: Reading;
  readonly firstTokenAt: number | null;
  /** `upstream`: it broke off; `client`: it went away; `gate`: it was cut; null: all of the answer came through. */
  readonly brokenBy: "upstream" | "client" | "gate" | null;
}

export interface RelayOptions {
  /** Tokens beyond which a stream is cut; null sets no limit. */
  readonly outputLimit: number | null;
  /** To whose end a crowd's answers are put off; null for a stream, which is passed on as it comes. */
  readonly turn: Turn | null;
  readonly now: () => number;
}

/**
 * Passes an answer's body on as it arrives, reading along. Ends when the body has ended, the upstream broke off, or the
 * client went away (then the upstream is let go at once). A stream that passes its output limit, which the provider
 * was told not to, is cut with an error event: more than that was not held.
 */
export async function relayBody(
  response: IncomingMessage,
  client: ServerResponse,
  protocol: Protocol,
  facts: RequestFacts,
  { outputLimit, turn, now }: RelayOptions,
): Promise<RelayEnd> {
  const onlooker = onlookerFor(response, protocol, facts);
  let firstTokenAt: number | null = null;
  const brokenBy = await new Promise<RelayEnd["brokenBy"]>((resolve) => {
    const clientGone = () => {
      response.destroy();
      resolve("client");
    };
    client.once("close", clientGone);
    const passing = new Passing(client, turn);
    /** What the upstream waits for: the client's room, and the onlooker's. */
    let waits = 0;
    const goOn = () => {
      waits -= 1;
      if (waits === 0) {
        response.resume();
      }
    };
    response.on("data", (chunk: Buffer) => {
      const bytes = onlooker.see(chunk);
      if (firstTokenAt === null && onlooker.answering) {
        firstTokenAt = now();
      }
      if (bytes.length > 0 && !passing.write(bytes)) {
        waits += 1;
        response.pause();
        client.once("drain", goOn);
      }
      const { behind } = onlooker;
      if (behind !== null) {
        waits += 1;
        response.pause();
        void behind.finally(goOn);
      }
      if (outputLimit !== null && onlooker.outputAtLeast > outputLimit && !onlooker.complete) {
        client.removeListener("close", clientGone);
        client.end(protocol.breakOff(CUT_CODE, CUT_MESSAGE, response.headers["content-type"] ?? null));
        resolve("gate");
        response.destroy();
      }
    });
    const upstreamEnded = (whole: boolean) => {
      client.removeListener("close", clientGone);
      if (client.writableEnded || passing.isOver) {
        return;
      }
      if (client.destroyed) {
        resolve("client");
        return;
      }
      const rest = onlooker.end();
      if (!whole) {
        // What has come so far is still for the client.
        client.write(rest, () => client.destroy());
        resolve("upstream");
        return;
      }
      passing.end(() => {
        passTrailers(response, client);
        client.end(rest.length === 0 ? undefined : rest);
      });
      resolve(null);
    };
    // A broken connection ends in "close" without "end"; its "error" says no more.
    response.on("error", () => {});
    response.once("end", () => upstreamEnded(true));
    response.once("close", () => upstreamEnded(false));
  });
  // A client may close as soon as it has the last event, before the connection is at its end: that breaks nothing.
  const all = onlooker.complete;
  return { reading: await onlooker.read(), firstTokenAt, brokenBy: all ? null : brokenBy };
}

/** What goes to a client: all at once, at the end of a turn or several, where many calls are under way. */
class Passing {
  readonly #client: ServerResponse;
  readonly #turn: Turn | null;
  #isDue = false;
  #end: (() => void) | null = null;

  constructor(client: ServerResponse, turn: Turn | null) {
    this.#client = client;
    this.#turn = turn;
  }

  /** Whether its end has come, though it may not be written yet. */
  get isOver(): boolean {
    return this.#end !== null;
  }

  /** As the client's own: false where it is to be waited for. */
  write(bytes: Buffer): boolean {
    if (!this.#isDue && this.#turn?.isCrowded) {
      this.#client.socket?.cork();
      this.#putOff(this.#turn);
    }
    return this.#client.write(bytes);
  }

  /** `end` writes what is left. */
  end(end: () => void): void {
    this.#end = end;
    if (this.#isDue) {
      return;
    }
    if (this.#turn?.isCrowded) {
      this.#putOff(this.#turn);
    } else {
      end();
    }
  }

  #putOff(turn: Turn): void {
    this.#isDue = true;
    turn.atEnd(() => {
      this.#isDue = false;
      if (this.#end === null) {
        this.#client.socket?.uncork();
      } else {
        // It lets go of what was kept, too.
        this.#end();
      }
    });
  }
}
