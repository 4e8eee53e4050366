import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type ReceivedRequest, receive } from "./receivedRequest.ts";
import { plain, type Reply } from "./reply.ts";
import { type Behaviour, createScript, type Script } from "./script.ts";
import { sendReply } from "./sendReply.ts";

/** A running simulated provider. */
export type Upstream = {
  /** As the `baseUrl` of a provider in Tollgate's configuration. */
  readonly url: string;
  readonly port: number;
  readonly script: Script;
  /** Every request received, oldest first; those to other paths than model calls too. */
  readonly requests: ReceivedRequest[];
  /** The n-th request (1 is the first), as soon as it has arrived whole. */
  waitForRequest(n?: number): Promise<ReceivedRequest>;
  /** Forgets requests and script, for the next test. */
  reset(): void;
  /** Closes the port and every connection: callers are refused from then on. */
  stop(): Promise<void>;
  /** Listens on the same port again after `stop`. */
  restart(): Promise<void>;
};

export type UpstreamOptions = {
  /** 0 or absent: a free one. */
  port?: number;
  /** The behaviour of every call, for instance the pacing of a demonstration. */
  default?: Behaviour;
};

/** Answers one request; pure but for the provider's own counters and caches. */
export type Handler = (request: ReceivedRequest, script: Script) => Reply;

/** Runs a handler on 127.0.0.1. `basePath` ends the `url`: "/v1" or "". */
export const startUpstream = async (
  handler: Handler,
  basePath: string,
  options: UpstreamOptions = {},
): Promise<Upstream> => {
  const script = createScript(options.default);
  const requests: ReceivedRequest[] = [];
  const waiting: { n: number; resolve: (request: ReceivedRequest) => void }[] = [];
  const cut = new WeakSet<ServerResponse>();
  const open = new Set<ServerResponse>();

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    open.add(response);
    response.once("close", () => open.delete(response));
    const request = await receive(incoming, response, () => cut.has(response));
    requests.push(request);
    for (const one of waiting.filter(({ n }) => n <= requests.length)) {
      waiting.splice(waiting.indexOf(one), 1);
      one.resolve(request);
    }
    const reply = script.healthy ? handler(request, script) : plain(503, "Service Unavailable", "text/plain");
    await sendReply(reply, request, incoming, response, () => {
      cut.add(response);
      response.destroy();
    });
  };

  const listen = async (port: number): Promise<Server> => {
    const server = createServer((incoming, response) => {
      serve(incoming, response).catch((error: unknown) => {
        // A client that left before its request was whole needs no answer; anything else is a fault of this program.
        if (incoming.readableAborted) return;
        console.error(error);
        response.destroy();
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    });
    return server;
  };

  let server: Server | undefined = await listen(options.port ?? 0);
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}${basePath}`,
    port,
    script,
    requests,
    waitForRequest(n = 1) {
      const there = requests[n - 1];
      return there ? Promise.resolve(there) : new Promise((resolve) => waiting.push({ n, resolve }));
    },
    reset() {
      requests.length = 0;
      script.reset();
    },
    async stop() {
      const running = server;
      if (!running) return;
      server = undefined;
      for (const response of open) cut.add(response);
      const closed = new Promise((resolve) => running.close(resolve));
      running.closeAllConnections();
      await closed;
    },
    async restart() {
      server ??= await listen(port);
    },
  };
};
