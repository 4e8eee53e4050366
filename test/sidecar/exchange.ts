import { once } from "node:events";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";

/** Raw headers: names and values in turn. */
export type Raw = string[];

export interface Body {
  /** Sent one by one. */
  readonly pieces: readonly Buffer[];
  readonly isChunked: boolean;
  /** Behind the body, where it is chunked. */
  readonly trailers: ReadonlyArray<readonly [string, string]>;
}

export interface Asked {
  readonly method: string;
  /** Below the provider's base, with the query. */
  readonly path: string;
  readonly headers: Raw;
  readonly body: Body | null;
}

export interface Answered {
  readonly status: number;
  readonly statusMessage: string;
  readonly headers: Raw;
  readonly body: Body;
  /** Milliseconds between its pieces; 0 sends them in turns of the event loop. */
  readonly gapMs: number;
  /** The connection is broken off after so many pieces; null sends all. */
  readonly cutAfter: number | null;
}

/** One message as it arrived. */
export interface Arrived {
  readonly start: string;
  readonly headers: Raw;
  readonly body: string;
  readonly trailers: Raw;
  readonly isWhole: boolean;
}

/** What belongs to one connection, how a body is delimited, and what the gateway adds to an answer. */
export const OF_A_HOP = /^(connection|keep-alive|transfer-encoding|te|trailer|x-hop|x-tollgate-.*)$/i;

function withoutHop(raw: Raw): Raw {
  return raw.filter((_, index) => !OF_A_HOP.test(raw[index - (index % 2)] as string));
}

async function arrived(message: IncomingMessage, start: string): Promise<Arrived> {
  const pieces: Buffer[] = [];
  message.on("data", (piece: Buffer) => pieces.push(piece));
  message.on("error", () => {});
  await new Promise((resolve) => message.once("close", resolve));
  return {
    start,
    headers: withoutHop(message.rawHeaders),
    body: Buffer.concat(pieces).toString("latin1"),
    trailers: message.rawTrailers,
    isWhole: message.complete,
  };
}

const trailerNames = ({ trailers, isChunked }: Body): Raw =>
  isChunked && trailers.length > 0 ? ["Trailer", trailers.map(([name]) => name).join(", ")] : [];

const framing = (body: Body): Raw =>
  body.isChunked
    ? ["Transfer-Encoding", "chunked"]
    : ["Content-Length", String(body.pieces.reduce((size, piece) => size + piece.length, 0))];

/** A provider that notes what it is asked, and answers as it is told. */
export class Provider {
  answer: Answered | null = null;
  heard: Promise<Arrived> | null = null;
  readonly #server: Server = createServer((request, response) => {
    this.heard = arrived(request, `${request.method} ${request.url}`);
    request.once("end", () => void this.#answer(response));
  });

  async start(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(response: ServerResponse): Promise<void> {
    const { status, statusMessage, headers, body, gapMs, cutAfter } = this.answer as Answered;
    const hasBody = response.req.method !== "HEAD" && status !== 204 && status !== 304;
    response.sendDate = false;
    response.writeHead(status, statusMessage, [
      ...headers,
      ...(hasBody ? [...trailerNames(body), ...framing(body)] : []),
    ]);
    for (const [index, piece] of (hasBody ? body.pieces : []).entries()) {
      if (index === cutAfter) {
        break;
      }
      await new Promise((written) => response.write(piece, written));
      await (gapMs === 0 ? turn() : pause(gapMs));
    }
    if (hasBody && cutAfter !== null && cutAfter < body.pieces.length) {
      response.write(Buffer.alloc(0));
      response.socket?.destroySoon();
      return;
    }
    if (hasBody && body.isChunked) {
      response.addTrailers(body.trailers.map(([name, value]): [string, string] => [name, value]));
    }
    response.end();
  }
}

/** Sends a request and gives the answer as it arrived. */
export async function exchange(base: string, { method, path, headers, body }: Asked): Promise<Arrived> {
  const url = new URL(`${base}${path}`);
  const own = body === null ? [] : [...trailerNames(body), ...framing(body)];
  const sending = httpRequest({
    host: url.hostname,
    port: url.port,
    path: url.pathname + url.search,
    method,
    headers: ["Host", url.host, ...headers, ...own],
    setDefaultHeaders: false,
    agent: false,
  });
  for (const piece of body?.pieces ?? []) {
    sending.write(piece);
    await turn();
  }
  if (body?.isChunked === true) {
    sending.addTrailers(body.trailers.map(([name, value]): [string, string] => [name, value]));
  }
  sending.end();
  const [answer] = (await once(sending, "response")) as [IncomingMessage];
  return arrived(answer, `${answer.statusCode} ${answer.statusMessage}`);
}
