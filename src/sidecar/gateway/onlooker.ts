import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { finished, type Transform } from "node:stream";
import {
  type MessageHeaders,
  NOTHING_READ,
  type Protocol,
  type Reading,
  type RequestFacts,
  type StreamReader,
} from "../../domain/protocol.ts";
import { errorMessageOf } from "../../domain/protocols/errorMessage.ts";
import { decoderFor } from "./decoder.ts";
import { estimateFromBytes } from "./outcome.ts";

/** A whole answer larger than this is passed on but not read, in bytes. */
const LARGEST_ANSWER = 64 * 1024 * 1024;
const NOTHING = Buffer.alloc(0);

/** Sees an answer's bytes pass and tells at the end what they meant. */
export interface Onlooker {
  /** Gives the bytes for the client. */
  see(chunk: Buffer): Buffer;
  /** Gives what was held back. */
  end(): Buffer;
  /** Whether any of the answer itself has come. */
  readonly answering: boolean;
  /** No fewer output tokens than this have passed; 0 for an answer that is no stream. */
  readonly outputAtLeast: number;
  /** Whether all of the answer has passed, though the connection may still be open. */
  readonly complete: boolean;
  /** Resolves when more can be seen, where what was seen last has to be worked off first; else null. */
  readonly behind: Promise<unknown> | null;
  read(): Promise<Reading>;
}

/** The onlooker that fits an answer: a stream or a whole, plain or compressed. */
export function onlookerFor(response: IncomingMessage, protocol: Protocol, facts: RequestFacts): Onlooker {
  const decoder = decoderFor(response.headers["content-encoding"]);
  if (!protocol.isStream(response.headers["content-type"] ?? null, facts)) {
    return new WholeAnswer(response, protocol, facts, decoder);
  }
  const reader = protocol.readStream(facts);
  return decoder === null ? new PlainStream(reader) : compressedStream(reader, decoder);
}

class PlainStream implements Onlooker {
  readonly behind = null;
  readonly #reader: StreamReader;

  constructor(reader: StreamReader) {
    this.#reader = reader;
  }

  get answering(): boolean {
    return this.#reader.answering;
  }

  get outputAtLeast(): number {
    return this.#reader.outputAtLeast;
  }

  get complete(): boolean {
    return this.#reader.lastEventPassed;
  }

  see(chunk: Buffer): Buffer {
    return this.#reader.push(chunk);
  }

  end(): Buffer {
    return this.#reader.end();
  }

  async read(): Promise<Reading> {
    return this.#reader.reading();
  }
}

/** The client gets the compressed bytes as they are: nothing can be kept from it, but all can be read. */
function compressedStream(reader: StreamReader, decoder: Transform): Onlooker {
  decoder.on("data", (chunk: Buffer) => reader.push(chunk));
  const decoded = new Promise<void>((resolve) => finished(decoder, () => resolve()));
  let behind: Promise<unknown> | null = null;
  return {
    see: (chunk) => {
      const hasRoom = decoder.write(chunk);
      behind = hasRoom ? null : Promise.race([once(decoder, "drain").catch(() => {}), decoded]);
      return chunk;
    },
    end: () => {
      decoder.end();
      return NOTHING;
    },
    get answering() {
      return reader.answering;
    },
    get outputAtLeast() {
      return reader.outputAtLeast;
    },
    get complete() {
      return reader.lastEventPassed;
    },
    get behind() {
      return behind;
    },
    read: async () => {
      if (!decoder.writableEnded) {
        decoder.destroy();
      }
      await decoded;
      reader.end();
      return reader.reading();
    },
  };
}

class WholeAnswer implements Onlooker {
  readonly behind = null;
  readonly outputAtLeast = 0;
  readonly #response: IncomingMessage;
  readonly #protocol: Protocol;
  readonly #facts: RequestFacts;
  readonly #decoder: Transform | null;
  /** As announced, in bytes; NaN where it was not. */
  readonly #length: number;
  readonly #chunks: Buffer[] = [];
  #size = 0;

  constructor(response: IncomingMessage, protocol: Protocol, facts: RequestFacts, decoder: Transform | null) {
    this.#response = response;
    this.#protocol = protocol;
    this.#facts = facts;
    this.#decoder = decoder;
    this.#length = Number(response.headers["content-length"] ?? Number.NaN);
  }

  get answering(): boolean {
    return this.#size > 0;
  }

  get complete(): boolean {
    return this.#size === this.#length;
  }

  see(chunk: Buffer): Buffer {
    this.#size += chunk.length;
    if (this.#size <= LARGEST_ANSWER && !(this.#length > LARGEST_ANSWER)) {
      this.#chunks.push(chunk);
    } else {
      this.#chunks.length = 0;
    }
    return chunk;
  }

  end(): Buffer {
    return NOTHING;
  }

  async read(): Promise<Reading> {
    const { statusCode: status = 0, headers } = this.#response;
    const bytes = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    const isKept = bytes.length === this.#size;
    const body = isKept && this.#decoder !== null ? await decodeWhole(bytes, this.#decoder) : isKept ? bytes : null;
    const reading = body === null ? TOO_LARGE : readWhole(this.#protocol, status, body, this.#facts, headers);
    // What work cost that goes on is told later; until then there is nothing to be estimated from.
    const isUnknown = reading.basis === "none" && reading.deferredId === null;
    return status < 300 && isUnknown ? estimateFromBytes(this.#facts, body?.length ?? this.#size, reading) : reading;
  }
}

function readWhole(
  protocol: Protocol,
  status: number,
  body: Buffer,
  facts: RequestFacts,
  headers: MessageHeaders,
): Reading {
  const reading = protocol.readJson(status, body, facts, headers);
  const errorMessage = status < 400 ? null : errorMessageOf(body.toString("utf8"));
  return errorMessage === null ? reading : { ...reading, errorMessage };
}

const TOO_LARGE: Reading = { ...NOTHING_READ, trouble: "The answer is too large to be read" };

/** What can be decoded of a body, though its end be missing; null where it is too large. */
function decodeWhole(body: Buffer, decoder: Transform): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const decoded: Buffer[] = [];
    let size = 0;
    decoder.on("data", (chunk: Buffer) => {
      size += chunk.length;
      decoded.push(chunk);
      if (size > LARGEST_ANSWER) {
        resolve(null);
        decoder.destroy();
      }
    });
    finished(decoder, () => resolve(Buffer.concat(decoded)));
    decoder.end(body);
  });
}
