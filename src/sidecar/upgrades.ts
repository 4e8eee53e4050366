import { type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** A client's connection on which it wants to speak something else than HTTP. */
export interface Tunnel {
  readonly socket: Socket;
  /** What it has said already. */
  readonly head: Buffer;
}

/**
 * Takes the requests of a server that want to change the protocol of their connection. `webSocket` is given those for a
 * WebSocket. What else a client would rather speak, such as the HTTP/2 that Java asks for beside each of its requests, is not
 * taken up, as a server may: the request is answered like any other.
 */
export function takeUpgrades(
  server: Server,
  webSocket: (request: IncomingMessage, response: ServerResponse, tunnel: Tunnel) => void,
): void {
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    if (!/^websocket$/i.test(request.headers.upgrade ?? "")) {
      socket.unshift(Buffer.concat([plainHead(request), head]));
      server.emit("connection", socket);
      return;
    }
    socket.on("error", () => socket.destroy());
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once("finish", () => socket.end());
    webSocket(request, response, { socket, head });
  });
}

const OF_AN_UPGRADE = /^(connection|upgrade|http2-settings)$/i;

/** A request's head without the wish for another protocol. */
function plainHead({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (!OF_AN_UPGRADE.test(rawHeaders[index] as string)) {
      lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`);
    }
  }
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}
