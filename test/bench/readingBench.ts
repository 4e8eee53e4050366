import { join } from "node:path";
import { configSchema } from "../../src/domain/config.ts";
import { PriceBook } from "../../src/domain/priceBook.ts";
import { NO_CONTEXT, type Protocol } from "../../src/domain/protocol.ts";
import { anthropicMessages } from "../../src/domain/protocols/anthropicMessages.ts";
import { openaiChat } from "../../src/domain/protocols/openaiChat.ts";
import type { Figure } from "./ledgerBench.ts";
import { runLoad } from "./load.ts";
import { cpuMs, startMeasured } from "./processes.ts";
import { median } from "./report.ts";
import { SAMPLE_STREAMS, type SampleStream } from "./sampleStreams.ts";

/** What reading costs, in processor time, medians. */
export interface ReadingReport {
  readonly streams: readonly StreamReading[];
  readonly others: readonly Figure[];
}

/** Reading one stream beside passing it on by a proxy that reads nothing. */
export interface StreamReading {
  readonly name: string;
  /** Processor time of reading it, and of such a proxy's process for it, in µs. */
  readonly micros: number;
  readonly hopMicros: number;
}

/** Streams that pass at once: one alone leaves the proxy idle, and its share too small to be measured. */
const CONNECTIONS = 8;
const JSON_BYTES = 2_000;
const REQUEST_BYTES = 200_000;

/** What looking on costs when nothing else goes on: by stream, answer, request and price. */
export async function benchReading(quick: boolean): Promise<ReadingReport> {
  const ms = quick ? 30 : 100;
  const micros = (work: () => unknown) => microsOf(work, ms);
  const figure = (what: string, work: () => unknown): Figure => ({ what, figure: inWords(micros(work)) });
  return {
    streams: await benchStreams(quick, micros),
    others: [
      ...[openaiChat, anthropicMessages].flatMap((protocol) => {
        const small = Buffer.from(JSON.stringify(requestOf(100)));
        const facts = protocol.read(small);
        const answer = answerOf(protocol, JSON_BYTES);
        const request = Buffer.from(JSON.stringify(requestOf(REQUEST_BYTES)));
        const known = protocol.read(request);
        return [
          figure(`answer of 2 KB, ${protocol.name}`, () => protocol.readJson(200, answer, facts)),
          figure(`request of 200 KB, ${protocol.name}`, () => protocol.read(request)),
          figure(`the same, its output limit lowered, ${protocol.name}`, () =>
            protocol.rewrite(request, known, { outputLimitTokens: 100 }),
          ),
        ];
      }),
      ...priceFigures(figure),
    ],
  };
}

/** Each stream is sent through the proxy and read, in turn: what else the machine does hits both alike. */
async function benchStreams(
  quick: boolean,
  micros: (work: () => unknown) => number,
): Promise<readonly StreamReading[]> {
  const [rounds, measureMs] = quick ? [3, 500] : [5, 1_000];
  const upstream = await startMeasured([join(import.meta.dirname, "upstream.ts")]);
  const hop = await startMeasured([join(import.meta.dirname, "bareHop.ts"), `http://127.0.0.1:${upstream.firstLine}`]);
  const url = `http://127.0.0.1:${hop.firstLine}/any`;
  const pass = (name: string) =>
    runLoad({ url, headers: { "x-bench": name }, body: "{}", connections: CONNECTIONS, warmUpMs: 0, measureMs });
  const rows: StreamReading[] = [];
  try {
    for (const sample of SAMPLE_STREAMS) {
      const { name } = sample.protocol;
      const work = readerOf(sample);
      const found: StreamReading[] = [];
      await pass(name);
      for (let round = 0; round < rounds; round += 1) {
        const before = cpuMs(hop.pid);
        const { callsInAll } = await pass(name);
        const hopMicros = ((cpuMs(hop.pid) - before) * 1_000) / callsInAll;
        found.push({ name, micros: micros(work), hopMicros });
      }
      const [read, hopped] = [found.map((row) => row.micros), found.map((row) => row.hopMicros)];
      rows.push({ name, micros: median(read), hopMicros: median(hopped) });
    }
  } finally {
    await Promise.all([hop.stop(), upstream.stop()]);
  }
  return rows;
}

/** Runs a stream through its reader. @throws where the reader does not find the report at its end */
function readerOf({ protocol, request, context = NO_CONTEXT, chunks }: SampleStream): () => void {
  const facts = protocol.read(Buffer.from(JSON.stringify(request)), context);
  const work = () => {
    const reader = protocol.readStream(facts);
    for (const chunk of chunks) {
      reader.push(chunk);
    }
    reader.end();
    return reader.reading();
  };
  const { basis, trouble } = work();
  if (basis !== "reported" || trouble !== null) {
    throw new Error(`The sample stream of ${protocol.name} is not read: ${basis}, ${trouble}`);
  }
  return work;
}

function priceFigures(figure: (what: string, work: () => unknown) => Figure): Figure[] {
  const providers = { openai: { protocol: "openai", baseUrl: "https://api.openai.com/v1" } };
  const prices = new PriceBook(configSchema.parse({ providers }).providers, []);
  const now = Date.now();
  return [
    figure("price of a model that is known", () => prices.lookUp("openai", "gpt-5-mini", now, "default", 2_000)),
    figure("dearest rates of such a model", () => prices.dearest("openai", "gpt-5-mini", now, 2_000)),
  ];
}

function requestOf(bytes: number): object {
  const content = "How much does it cost? ".repeat(Math.ceil(bytes / 23)).slice(0, bytes);
  return { model: "m", max_tokens: 200, messages: [{ role: "user", content }] };
}

function answerOf({ name }: Protocol, bytes: number): Buffer {
  const text = "As much as you like. ".repeat(Math.ceil(bytes / 21)).slice(0, bytes - 300);
  const isClaude = name === anthropicMessages.name;
  return Buffer.from(
    JSON.stringify(
      isClaude
        ? {
            type: "message",
            model: "m",
            content: [{ type: "text", text }],
            usage: { input_tokens: 20, output_tokens: 9 },
          }
        : {
            object: "chat.completion",
            model: "m",
            choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" }],
            usage: { prompt_tokens: 20, completion_tokens: 9, total_tokens: 29 },
          },
    ),
  );
}

/** Samples of some `ms` milliseconds each, after enough to warm up: code is compiled in steps, in a thread of its own. */
const SAMPLES = 11;
const WARM_UP_RUNS = 2_000;

/** The median processor time of one run, in microseconds. */
function microsOf(work: () => unknown, ms: number): number {
  for (let run = 0; run < WARM_UP_RUNS; run += 1) {
    work();
  }
  const until = performance.now() + ms;
  let runs = 0;
  while (performance.now() < until) {
    work();
    runs += 1;
  }
  const samples = Array.from({ length: SAMPLES }, () => {
    const began = process.cpuUsage();
    for (let run = 0; run < runs; run += 1) {
      work();
    }
    const { user, system } = process.cpuUsage(began);
    return (user + system) / runs;
  });
  return median(samples);
}

function inWords(micros: number): string {
  return micros < 1 ? `${Math.round(micros * 1_000)} ns` : `${micros.toFixed(micros < 10 ? 1 : 0)} µs`;
}
