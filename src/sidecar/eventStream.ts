import type { ServerResponse } from "node:http";
import type { Status } from "../domain/api.ts";
import type { TollgateEvent } from "../domain/events.ts";

/** At most so often, in ms, are whole figures sent to those who listen. */
const STATUS_INTERVAL_MS = 200;
const HEARTBEAT_MS = 15_000;
/** A listener that lets so many bytes pile up is let go: it can come back for a fresh snapshot. */
const LARGEST_BACKLOG = 4 * 1024 * 1024;

/** Server-sent events to every listener: a snapshot first, then each event, and whole figures whenever they change. */
export class EventStream {
  readonly #status: () => Status;
  readonly #changed: () => void;
  readonly #listeners = new Set<ServerResponse>();
  #pending: NodeJS.Timeout | null = null;
  readonly #heartbeat: NodeJS.Timeout;

  /** `changed` is called when listeners come or go. */
  constructor(status: () => Status, changed: () => void) {
    this.#status = status;
    this.#changed = changed;
    this.#heartbeat = setInterval(() => this.#send(": still here\n\n"), HEARTBEAT_MS);
    this.#heartbeat.unref();
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  add(response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write(frame("snapshot", this.#status()));
    this.#listeners.add(response);
    this.#changed();
    response.once("close", () => {
      this.#listeners.delete(response);
      this.#changed();
    });
  }

  tell(event: TollgateEvent): void {
    if (this.#listeners.size > 0) {
      this.#send(frame(event.type, event, event.seq));
      this.figuresChanged();
    }
  }

  /** Sends whole figures soon, once for many changes. */
  figuresChanged(): void {
    if (this.#pending === null && this.#listeners.size > 0) {
      this.#pending = setTimeout(() => {
        this.#pending = null;
        if (this.#listeners.size > 0) {
          this.#send(frame("status", this.#status()));
        }
      }, STATUS_INTERVAL_MS);
    }
  }

  close(): void {
    clearInterval(this.#heartbeat);
    if (this.#pending !== null) {
      clearTimeout(this.#pending);
    }
    for (const listener of this.#listeners) {
      listener.end();
    }
  }

  #send(text: string): void {
    for (const listener of this.#listeners) {
      if (listener.writableLength > LARGEST_BACKLOG) {
        listener.destroy();
      } else {
        listener.write(text);
      }
    }
  }
}

function frame(event: string, data: unknown, id?: number): string {
  return `event: ${event}\n${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}
