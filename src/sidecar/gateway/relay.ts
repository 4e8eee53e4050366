import type { IncomingMessage, ServerResponse } from "node:http";
import type { Protocol, Reading, RequestFacts } from "../../domain/protocol.ts";
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

/**
 * Passes an answer's body on as it arrives, reading along. Ends when the body has ended, the upstream broke off, or the
 * client went away (then the upstream is let go at once). A stream that passes `outputLimit` tokens, which the provider
 * was told not to, is cut with an error event: more than that was not held. Null sets no limit.
 */
export async function relayBody(
  response: IncomingMessage,
  client: ServerResponse,
  protocol: Protocol,
  facts: RequestFacts,
  outputLimit: number | null,
  now: () => number,
): Promise<RelayEnd> {
  const onlooker = onlookerFor(response, protocol, facts);
  let firstTokenAt: number | null = null;
  const brokenBy = await new Promise<RelayEnd["brokenBy"]>((resolve) => {
    const clientGone = () => {
      response.destroy();
      resolve("client");
    };
    client.once("close", clientGone);
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
      if (bytes.length > 0 && !client.write(bytes)) {
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
      if (client.writableEnded) {
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
      passTrailers(response, client);
      client.end(rest.length === 0 ? undefined : rest);
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
