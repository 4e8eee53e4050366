import type { ServerResponse } from "node:http";
import type { ErrorAnswer, Protocol } from "../../domain/protocol.ts";
import { ClientGoneError } from "../departure.ts";
import { UpstreamError } from "./upstream.ts";

/** Sends an answer of Tollgate's own, unless one is under way already. */
export function answer(
  response: ServerResponse,
  { status, headers, body }: ErrorAnswer,
  own: Record<string, string> = {},
): void {
  if (response.headersSent || response.destroyed) {
    return;
  }
  response.writeHead(status, { ...headers, ...own, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

/**
 * Tells a client that no answer came from the upstream. Where one had begun, the connection is broken off, as the
 * upstream's was. @throws the error itself when it is none of the upstream's or the client's.
 */
export function failUnreached(
  error: unknown,
  response: ServerResponse,
  shape: Pick<Protocol, "fail">,
  own: Record<string, string> = {},
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
  } else if (error instanceof UpstreamError) {
    answer(response, shape.fail(error.code === "upstream_silent" ? 504 : 502, error.code, error.message), own);
  } else if (!(error instanceof ClientGoneError)) {
    throw error;
  }
}
