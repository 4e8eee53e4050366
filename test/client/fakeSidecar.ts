import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createSocketServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Status } from "../../src/domain/api.ts";
import { SIDECAR_FILE, socketPath, TOKEN_FILE } from "../../src/domain/dataFolder.ts";
import { PROTOCOL_VERSION } from "../../src/domain/handshake.ts";

/** What a client meets where a sidecar should be; the answers are the test's. */
export interface FakeSidecar {
  readonly url: string;
  readonly token: string;
  readonly requests: string[];
  /** Sends raw text to everyone who listens to the event stream. */
  send(text: string): void;
  /** Cuts every event stream. */
  cutStreams(): void;
  readonly listeners: number;
  stop(): Promise<void>;
}

export interface FakeOptions {
  readonly dataDir: string;
  readonly version?: string;
  readonly protocol?: number;
  /** What the handshake claims; default the real one. */
  readonly claimedDataDir?: string;
  /** What the data folder says of the address; default the real one. */
  readonly announcedUrl?: string;
  /** Holds the socket and says nothing. */
  readonly mute?: boolean;
  /** Answers all but the event stream; undefined goes on to 404. */
  readonly answer?: (route: string, body: unknown) => { status?: number; body: unknown } | undefined;
  readonly onShutdown?: () => void;
}

export function statusOf(dataDir: string, url: string, version = "0.1.0"): Status {
  return {
    version,
    pid: process.pid,
    url,
    dataDir,
    startedAt: "2026-11-21T00:00:00.000Z",
    now: "2026-11-21T01:00:00.000Z",
    timeZone: "UTC",
    budgets: [],
    heldNanoUsd: 0,
    callsInFlight: 0,
    today: { costNanoUsd: 12, calls: 3 },
    month: { costNanoUsd: 34, calls: 5 },
    topModels: [],
    compute: [],
    notices: [],
  };
}

export async function startFakeSidecar(options: FakeOptions): Promise<FakeSidecar> {
  const { dataDir, version = "0.1.0", protocol = PROTOCOL_VERSION } = options;
  const token = "t".repeat(64);
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(join(dataDir, TOKEN_FILE), `${token}\n`);
  const requests: string[] = [];
  const streams = new Set<ServerResponse>();
  let url = "";
  const json = (response: ServerResponse, status: number, body: unknown) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };
  const server = createServer(async (request, response) => {
    const route = `${request.method} ${request.url}`;
    requests.push(route);
    const body = await bodyOf(request);
    if (request.headers.authorization !== `Bearer ${token}`) {
      return json(response, 401, { error: { code: "unauthorized", message: "Send the token" } });
    }
    if (route === "GET /api/v1/events") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`event: snapshot\ndata: ${JSON.stringify(statusOf(dataDir, url, version))}\n\n`);
      streams.add(response);
      response.once("close", () => streams.delete(response));
      return;
    }
    const answer = options.answer?.(route, body);
    if (answer !== undefined) {
      return json(response, answer.status ?? 200, answer.body);
    }
    if (route === "GET /api/v1/status") {
      return json(response, 200, statusOf(dataDir, url, version));
    }
    if (route === "POST /api/v1/shutdown") {
      json(response, 200, { leaving: true });
      options.onShutdown?.();
      return;
    }
    json(response, 404, { error: { code: "not_found", message: `There is no ${route}` } });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  writeFileSync(join(dataDir, SIDECAR_FILE), JSON.stringify({ pid: process.pid, url: options.announcedUrl ?? url }));

  const socket = socketPath(dataDir, process.platform, tmpdir());
  rmSync(socket, { force: true });
  const connections = new Set<Socket>();
  const door = createSocketServer((connection) => {
    connections.add(connection);
    connection.once("close", () => connections.delete(connection));
    connection.on("error", () => {});
    if (options.mute !== true) {
      const handshake = { protocol, version, pid: process.pid, url, dataDir: options.claimedDataDir ?? dataDir };
      connection.end(`${JSON.stringify(handshake)}\n`);
    }
  });
  await new Promise<void>((resolve) => door.listen(socket, resolve));
  return {
    url,
    token,
    requests,
    send: (text) => {
      for (const stream of streams) {
        stream.write(text);
      }
    },
    cutStreams: () => {
      for (const stream of streams) {
        stream.destroy();
      }
    },
    get listeners() {
      return streams.size;
    },
    stop: async () => {
      if (!door.listening) {
        return;
      }
      for (const connection of connections) {
        connection.destroy();
      }
      await new Promise((resolve) => door.close(resolve));
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
  }
  return text === "" ? undefined : JSON.parse(text);
}
