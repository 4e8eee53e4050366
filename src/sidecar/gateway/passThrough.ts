import type { IncomingMessage } from "node:http";
import type { Protocol } from "../../domain/protocol.ts";
import { failUnreached } from "./answer.ts";
import { isPlain } from "./decoder.ts";
import { forwardedRequestHeaders, passHead, passTrailers } from "./headers.ts";
import type { Passage } from "./passage.ts";
import { leadBack } from "./redirects.ts";
import { type Upstream, UpstreamError } from "./upstream.ts";
import { WholeEdit } from "./wholeEdit.ts";

export interface PassThroughOptions {
  /** Wording of errors of the gateway's own. */
  readonly shape: Pick<Protocol, "fail">;
  /** Headers of the gateway's own, behind the provider's. */
  readonly own?: Readonly<Record<string, string>>;
  /** Told of an answer as it begins, when it can be read on its way: it comes uncompressed then. */
  readonly look?: (incoming: IncomingMessage) => void;
  /** Changes the answer's body, where it comes uncompressed. */
  readonly edit?: (body: Buffer) => Buffer;
}

/** How an exchange ended that was passed on as it came. */
export interface PassedThrough {
  /** The provider's; null where none came. */
  readonly httpStatus: number | null;
  readonly brokenBy: "client" | "upstream" | null;
  readonly errorType: string | null;
}

const NOTHING = Buffer.alloc(0);

/** Passes a request and its answer on as they come, in bounded memory. Never throws for what either side does. */
export async function passThrough(
  upstream: Upstream,
  passage: Passage,
  { shape, own = {}, look, edit }: PassThroughOptions,
): Promise<PassedThrough> {
  const { request, response, target, departure } = passage;
  const headers = forwardedRequestHeaders(request, target.server.host, null, look !== undefined);
  let incoming: IncomingMessage;
  try {
    const outgoing = await upstream.open(request.method ?? "GET", target, headers);
    const answered = upstream.answerOf(outgoing, upstream.nameOf(target.server), departure);
    request.once("end", () => passTrailers(request, outgoing));
    request.pipe(outgoing);
    incoming = await answered;
  } catch (error) {
    failUnreached(error, response, shape, own);
    const errorType = error instanceof UpstreamError ? error.code : "client_gone";
    return { httpStatus: null, brokenBy: error instanceof UpstreamError ? "upstream" : "client", errorType };
  }
  leadBack(incoming, passage);
  const httpStatus = incoming.statusCode ?? 502;
  const isEdited = edit !== undefined && isPlain(incoming.headers["content-encoding"]);
  passHead(incoming, response, own, !isEdited);
  incoming.once("end", () => passTrailers(incoming, response));
  // A broken connection is told by "aborted"; its "error" says no more.
  incoming.on("error", () => {});
  // What has come so far is still for the client. (A head that leaves with text is written in another encoding.)
  incoming.on("aborted", () => response.write(NOTHING, () => response.destroy()));
  look?.(incoming);
  (isEdited ? incoming.pipe(new WholeEdit(edit)) : incoming).pipe(response);
  await new Promise((resolve) => response.once("close", resolve));
  const whole = incoming.complete && response.writableFinished;
  incoming.destroy();
  if (whole) {
    return { httpStatus, brokenBy: null, errorType: httpStatus < 400 ? null : `http_${httpStatus}` };
  }
  return departure.hasGone && !incoming.errored
    ? { httpStatus, brokenBy: "client", errorType: "client_gone" }
    : { httpStatus, brokenBy: "upstream", errorType: "upstream_closed" };
}
