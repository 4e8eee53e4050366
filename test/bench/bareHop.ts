import { Agent, createServer, request as httpRequest } from "node:http";

/**
 * The least that a gateway of `node:http` does: takes a request, sends it on, passes the answer back. It reads nothing, holds
 * nothing and books nothing; what it costs, no such gateway can save. Prints its port; its argument is the upstream's address.
 */
const upstream = new URL(process.argv[2] ?? "");
const agent = new Agent({ keepAlive: true, maxFreeSockets: 64, scheduling: "lifo" });
const ONE_HOP = new Set(["host", "connection", "keep-alive", "transfer-encoding"]);

function passedOn(raw: readonly string[]): string[] {
  return raw.flatMap((name, index) =>
    index % 2 === 0 && !ONE_HOP.has(name.toLowerCase()) ? [name, raw[index + 1] ?? ""] : [],
  );
}

const server = createServer((request, response) => {
  const outgoing = httpRequest({
    hostname: upstream.hostname,
    port: upstream.port,
    path: request.url,
    method: request.method,
    headers: ["Host", upstream.host, ...passedOn(request.rawHeaders)],
    agent,
  });
  outgoing.on("response", (incoming) => {
    response.writeHead(incoming.statusCode ?? 502, passedOn(incoming.rawHeaders));
    incoming.pipe(response);
  });
  outgoing.on("error", () => response.destroy());
  request.pipe(outgoing);
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.stdout.write(`${typeof address === "object" ? address?.port : ""}\n`);
});
