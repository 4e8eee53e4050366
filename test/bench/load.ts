import { connect, type Socket } from "node:net";

/** What to send, and for how long. */
export interface LoadPlan {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly connections: number;
  /** Ms before counting begins, and ms of counting. */
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** Latencies are ms. */
export interface LoadResult {
  readonly callsPerSecond: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly failures: number;
  /** Answers, those before and after the counting included. */
  readonly callsInAll: number;
}

const END_OF_HEAD = Buffer.from("\r\n\r\n");
const END_OF_CHUNKS = Buffer.from("0\r\n\r\n");

/**
 * Sends the same request over and over on each connection, the next when the answer to the last is whole. Speaks HTTP on
 * bare sockets: a client library would cost more than what is to be measured.
 */
export async function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const { hostname, port, pathname, search } = new URL(plan.url);
  const head = Object.entries({
    host: `${hostname}:${port}`,
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(plan.body)),
    ...plan.headers,
  })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
  const request = Buffer.from(`POST ${pathname}${search} HTTP/1.1\r\n${head}\r\n${plan.body}`);
  const began = performance.now();
  const from = began + plan.warmUpMs;
  const until = from + plan.measureMs;
  const latencies: number[] = [];
  let failures = 0;
  let callsInAll = 0;
  await Promise.all(
    Array.from({ length: plan.connections }, () =>
      repeat(hostname, Number(port), request, (status, started, ended) => {
        callsInAll += 1;
        if (started >= from && ended <= until) {
          if (status === 200) {
            latencies.push(ended - started);
          } else {
            failures += 1;
          }
        }
        return ended < until;
      }),
    ),
  );
  latencies.sort((a, b) => a - b);
  const at = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))] ?? Number.NaN;
  return {
    callsPerSecond: (latencies.length * 1_000) / plan.measureMs,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    failures,
    callsInAll,
  };
}

/** Calls `done` after each answer, until it says false. */
function repeat(
  host: string,
  port: number,
  request: Buffer,
  done: (status: number, started: number, ended: number) => boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ host, port, noDelay: true });
    let heard: Buffer = Buffer.alloc(0);
    let started = 0;
    const send = () => {
      heard = Buffer.alloc(0);
      started = performance.now();
      socket.write(request);
    };
    socket.on("connect", send);
    socket.on("error", reject);
    socket.on("close", () => resolve());
    socket.on("data", (chunk) => {
      heard = heard.length === 0 ? chunk : Buffer.concat([heard, chunk]);
      if (!isWhole(heard)) {
        return;
      }
      const status = Number(heard.toString("latin1", 9, 12));
      if (done(status, started, performance.now())) {
        send();
      } else {
        socket.end();
      }
    });
  });
}

function isWhole(heard: Buffer): boolean {
  const end = heard.indexOf(END_OF_HEAD);
  if (end < 0) {
    return false;
  }
  const length = /\r\ncontent-length: *(\d+)/i.exec(heard.toString("latin1", 0, end + 2))?.[1];
  return length === undefined
    ? heard.subarray(-END_OF_CHUNKS.length).equals(END_OF_CHUNKS)
    : heard.length >= end + END_OF_HEAD.length + Number(length);
}
