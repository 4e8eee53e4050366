import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Protocol } from "../../domain/protocol.ts";
import type { Tunnel } from "../upgrades.ts";
import { failUnreached } from "./answer.ts";
import { forwardedRequestHeaders, passHead } from "./headers.ts";
import type { Passage } from "./passage.ts";
import type { PassedThrough } from "./passThrough.ts";
import { type Upstream, UpstreamError } from "./upstream.ts";

export interface WebSocketOptions {
  /** Wording of errors of the gateway's own. */
  readonly shape: Pick<Protocol, "fail">;
  readonly own: Readonly<Record<string, string>>;
  /** Asked each time the client says something; false ends the connection. */
  readonly mayGoOn: () => boolean;
}

/**
 * Leads a WebSocket to the provider and passes on what both sides say, as it comes. Nobody looks on: what it costs is not
 * known. Resolves when it is closed. Never throws for what either side does.
 */
export async function passWebSocket(
  upstream: Upstream,
  { request, response, target, departure }: Passage,
  tunnel: Tunnel,
  { shape, own, mayGoOn }: WebSocketOptions,
): Promise<PassedThrough> {
  const headers = forwardedRequestHeaders(request, target.server.host, null);
  headers.push("Connection", "Upgrade", "Upgrade", "websocket");
  let answered: Answered;
  try {
    const outgoing = await upstream.open("GET", target, headers, true);
    const upgraded = new Promise<Answered>((resolve) =>
      outgoing.once("upgrade", (incoming, socket, head) => resolve({ incoming, socket, head })),
    );
    const plain = upstream.answerOf(outgoing, upstream.nameOf(target.server), departure);
    outgoing.end();
    answered = await Promise.race([upgraded, plain.then((incoming) => ({ incoming, socket: null, head: NOTHING }))]);
    // Whichever came first, the other one tells nothing new.
    plain.catch(() => {});
    letGo(outgoing, answered);
  } catch (error) {
    failUnreached(error, response, shape, own);
    const errorType = error instanceof UpstreamError ? error.code : "client_gone";
    return { httpStatus: null, brokenBy: error instanceof UpstreamError ? "upstream" : "client", errorType };
  }
  const { incoming, socket, head } = answered;
  const httpStatus = incoming.statusCode ?? 502;
  if (socket === null) {
    passHead(incoming, response, own, true);
    incoming.on("error", () => response.destroy());
    incoming.pipe(response);
    await new Promise((resolve) => response.once("close", resolve));
    return { httpStatus, brokenBy: null, errorType: `http_${httpStatus}` };
  }
  response.detachSocket(tunnel.socket);
  tunnel.socket.write(upgradedHead(incoming, own));
  const isStopped = await join(tunnel, { socket, head }, mayGoOn);
  return { httpStatus, brokenBy: null, errorType: isStopped ? "budget_cut" : null };
}

/** The provider's answer; `socket` is null where it does not take the WebSocket up. */
interface Answered {
  readonly incoming: IncomingMessage;
  readonly socket: Socket | null;
  readonly head: Buffer;
}

const NOTHING = Buffer.alloc(0);

/** A WebSocket may be silent for as long as its two sides like. */
function letGo(outgoing: ClientRequest, { socket }: Answered): void {
  if (socket !== null) {
    outgoing.removeAllListeners("timeout");
    socket.setTimeout(0);
  }
}

function upgradedHead(
  { statusCode, statusMessage, rawHeaders }: IncomingMessage,
  own: Readonly<Record<string, string>>,
) {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`);
  }
  lines.push(...Object.entries(own).map(([name, value]) => `${name}: ${value}`));
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}

/** Passes on what either side says until one is gone. Gives whether it had to be stopped. */
function join(client: Tunnel, provider: Tunnel, mayGoOn: () => boolean): Promise<boolean> {
  return new Promise((resolve) => {
    let isStopped = false;
    const end = () => {
      // What one side has said last is still for the other.
      client.socket.destroySoon();
      provider.socket.destroySoon();
      resolve(isStopped);
    };
    const listen = (data: Buffer) => {
      if (data.length > 0 && !mayGoOn()) {
        isStopped = true;
        end();
      }
    };
    client.socket.prependListener("data", listen);
    for (const { socket } of [client, provider]) {
      socket.on("error", () => {});
      socket.once("close", end);
    }
    listen(client.head);
    provider.socket.write(client.head);
    client.socket.write(provider.head);
    client.socket.pipe(provider.socket);
    provider.socket.pipe(client.socket);
  });
}
