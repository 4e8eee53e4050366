import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import type { Collected, LineCollector, Protocol } from "../../domain/protocol.ts";
import { LineSplitter } from "../../domain/protocols/ndjson.ts";
import { LARGEST_BODY } from "./body.ts";
import { decoderFor, isPlain } from "./decoder.ts";
import type { DeferredCalls } from "./deferredCalls.ts";
import type { MeteredPassage } from "./passage.ts";
import { passThrough } from "./passThrough.ts";
import type { Upstream } from "./upstream.ts";

export interface CollectedAnswersOptions {
  readonly upstream: Upstream;
  readonly deferred: DeferredCalls;
  readonly log: (message: string) => void;
}

/** What an answer told on its way; null where it tells nothing, or did not come whole. */
type Told = Collected | "unreadable" | null;

/** Answers that tell what earlier calls have cost: passed on as they come, and read on their way. */
export class CollectedAnswers {
  readonly #options: CollectedAnswersOptions;

  constructor(options: CollectedAnswersOptions) {
    this.#options = options;
  }

  async run(passage: MeteredPassage): Promise<void> {
    const { upstream, deferred, log } = this.#options;
    const { protocol, target, providerName, request } = passage;
    let reading: Promise<Told> = Promise.resolve(null);
    const look = (incoming: IncomingMessage) => {
      reading = readOnItsWay(incoming, protocol, target.route);
    };
    const base = ownBase(request, target.route);
    const edit = base === null ? null : (protocol.readdress?.(target.route, base) ?? null);
    await passThrough(upstream, passage, { shape: protocol, look, ...(edit === null ? {} : { edit }) });
    const told = await reading;
    if (told === "unreadable") {
      log(
        `The answer of ${providerName}${target.route} was passed on, but it is larger than is read or packed in a way that is not known: what it tells of an earlier call's cost was not taken in`,
      );
    } else if (told !== null) {
      await deferred.collect(providerName, told);
    }
  }
}

function readOnItsWay(incoming: IncomingMessage, protocol: Protocol, route: string): Promise<Told> {
  const status = incoming.statusCode ?? 0;
  const encoding = incoming.headers["content-encoding"];
  const decoder = decoderFor(encoding);
  if (status >= 300 || (decoder === null && !isPlain(encoding))) {
    return Promise.resolve(status >= 300 ? null : "unreadable");
  }
  return new Promise((resolve) => {
    const source: Readable = decoder === null ? incoming : incoming.pipe(decoder);
    const lines = protocol.collectLines?.(route, status) ?? null;
    const read = lines === null ? wholeOf(source) : linesOf(source, lines);
    source.once("end", () => {
      const told = read();
      resolve(Buffer.isBuffer(told) ? (protocol.readCollected?.(route, status, told) ?? null) : told);
    });
    decoder?.once("error", () => resolve("unreadable"));
    incoming.once("close", () => {
      if (!incoming.complete) {
        decoder?.destroy();
        resolve(null);
      }
    });
  });
}

/** Keeps what passes; gives it at the end. */
function wholeOf(source: Readable): () => Buffer | "unreadable" {
  let chunks: Buffer[] = [];
  let size = 0;
  source.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= LARGEST_BODY) {
      chunks.push(chunk);
    } else {
      chunks = [];
    }
  });
  return () => (size <= LARGEST_BODY ? Buffer.concat(chunks) : "unreadable");
}

/** Reads each line as it passes; gives at the end what they told. */
function linesOf(source: Readable, lines: LineCollector): () => Told {
  let isWhole = true;
  const splitter = new LineSplitter({
    line: (line) => lines.line(line),
    unread() {
      isWhole = false;
    },
  });
  source.on("data", (chunk: Buffer) => splitter.push(chunk));
  return () => {
    splitter.end();
    const collected = lines.collected();
    return collected === null || isWhole ? collected : "unreadable";
  };
}

/** The provider's base as the client knows it; null where the client does not say where it found the gateway. */
function ownBase({ headers, url = "" }: IncomingMessage, route: string): string | null {
  const path = url.split("?", 1)[0] as string;
  return headers.host === undefined || !path.endsWith(route)
    ? null
    : `http://${headers.host}${path.slice(0, path.length - route.length)}`;
}
