import type { ServerResponse } from "node:http";
import type { Status } from "../domain/api.ts";
import type { TollgateEvent } from "../domain/events.ts";

/** At most so often, in ms, are whole figures sent to those who listen. */
const STATUS_INTERVAL_MS = 200;
const HEARTBEAT_MS = 15_000;
/** Timers take no more than 24 days; figures that nothing has changed for a day may be sent once more. */
const LONGEST_TIMER_MS = 86_400_000;
/** A listener that lets so many bytes pile up is let go: it can come back for a fresh snapshot. */
const LARGEST_BACKLOG = 4 * 1024 * 1024;

/**
 * Server-sent events to every listener: a snapshot first, then each event, and whole figures whenever they change, also where
 * time alone changes them: the end of a pause is no event.
 */
export class EventStream {
  readonly #status: () => Status;
  readonly #changed: () => void;
  readonly #listeners = new Set<ServerResponse>();
  #pending: NodeJS.Timeout | null = null;
  #expiry: NodeJS.Timeout | undefined;
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
    response.write(frame("snapshot", this.#figures()));
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
          this.#send(frame("status", this.#figures()));
        }
      }, STATUS_INTERVAL_MS);
    }
  }

  close(): void {
    clearInterval(this.#heartbeat);
    clearTimeout(this.#expiry);
    if (this.#pending !== null) {
      clearTimeout(this.#pending);
    }
    for (const listener of this.#listeners) {
      listener.end();
    }
  }

  /** The figures as they stand, and a timer for the moment at which they no longer do. */
  #figures(): Status {
    const status = this.#status();
    clearTimeout(this.#expiry);
    const ends = nextEnd(status);
    if (ends !== null) {
      const delay = Math.min(LONGEST_TIMER_MS, ends - Date.parse(status.now));
      this.#expiry = setTimeout(() => this.figuresChanged(), delay).unref();
    }
    return status;
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

/** When the next window, raise or pause of a budget ends, ms since the epoch; null where none does. */
function nextEnd({ budgets, now }: Status): number | null {
  const ends = budgets
    .flatMap(({ resetsAt, raisedUntil, pausedUntil }) => [resetsAt, raisedUntil, pausedUntil])
    .flatMap((end) => (end === null ? [] : [Date.parse(end)]))
    .filter((end) => end > Date.parse(now));
  return ends.length === 0 ? null : Math.min(...ends);
}

function frame(event: string, data: unknown, id?: number): string {
  return `event: ${event}\n${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}
