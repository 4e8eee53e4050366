import type { IncomingMessage, ServerResponse } from "node:http";
import { finished } from "node:stream";
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
 * Answers a request that is still on its way. Until all of it has come and gone the connection stays open: closed earlier, it
 * would take the answer with it.
 */
export function answerBeforeEnd(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: ErrorAnswer,
): void {
  if (response.headersSent || response.destroyed) {
    return;
  }
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
  response.write(body);
  request.resume();
  finished(request, { writable: false }, () => response.end());
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
