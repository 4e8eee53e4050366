import { StringDecoder } from "node:string_decoder";

/** One server-sent event; `id` is empty where none was sent. */
export interface SseMessage {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

/** Longest event taken, in characters: a stream that never ends an event must not fill the memory. */
const LONGEST_EVENT = 64 * 1024 * 1024;

/** Reads a server-sent event stream (WHATWG HTML, 9.2) from bytes cut anywhere. */
export class SseParser {
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";
  #event = "";
  #id = "";
  #data: string[] = [];
  #size = 0;

  /** @throws RangeError when an event grows beyond all sense. */
  push(chunk: Buffer): SseMessage[] {
    const messages: SseMessage[] = [];
    const text = this.#rest + this.#decoder.write(chunk);
    let start = 0;
    for (;;) {
      const end = lineEnd(text, start);
      if (end === null) {
        break;
      }
      this.#line(text.slice(start, end.at), messages);
      start = end.next;
    }
    this.#rest = text.slice(start);
    if (this.#rest.length + this.#size > LONGEST_EVENT) {
      throw new RangeError("an event of the stream is too long");
    }
    return messages;
  }

  #line(line: string, messages: SseMessage[]): void {
    if (line === "") {
      if (this.#data.length > 0) {
        messages.push({ event: this.#event || "message", id: this.#id, data: this.#data.join("\n") });
      }
      this.#event = "";
      this.#data = [];
      this.#size = 0;
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    if (field === "data") {
      this.#data.push(value);
      this.#size += value.length;
    } else if (field === "event") {
      this.#event = value;
    } else if (field === "id") {
      this.#id = value;
    }
  }
}

/** A line ends in LF, CR or CRLF; a CR at the very end of what has come may be half of a CRLF. */
function lineEnd(text: string, from: number): { at: number; next: number } | null {
  for (let index = from; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 10) {
      return { at: index, next: index + 1 };
    }
    if (code === 13) {
      if (index + 1 === text.length) {
        return null;
      }
      return { at: index, next: text.charCodeAt(index + 1) === 10 ? index + 2 : index + 1 };
    }
  }
  return null;
}
