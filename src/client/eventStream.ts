import type { IncomingMessage } from "node:http";
import { type Status, statusSchema } from "../domain/api.ts";
import { eventSchema, type TollgateEvent } from "../domain/events.ts";
import { type ApiTransport, errorFrom } from "./apiTransport.ts";
import { type SseMessage, SseParser } from "./sseParser.ts";

export interface StreamHandlers {
  /** All figures as they stand: at once when the stream opens, then whenever they change. */
  readonly onStatus: (status: Status) => void;
  readonly onEvent: (event: TollgateEvent) => void;
  /** The stream has broken, or never opened; called once. */
  readonly onClose: (reason: string) => void;
}

/** The sidecar says something every 15 s; one that has been silent for so many ms hangs. */
const SILENCE_LIMIT_MS = 45_000;

/** Opens the event stream and hands on what comes, until it breaks or the signal aborts. */
export function readEventStream(
  transport: ApiTransport,
  path: string,
  handlers: StreamHandlers,
  signal: AbortSignal,
): void {
  let closed = false;
  const close = (reason: string) => {
    if (!closed && !signal.aborted) {
      closed = true;
      handlers.onClose(reason);
    }
  };
  const follow = (response: IncomingMessage) => {
    const parser = new SseParser();
    response.on("data", (chunk: Buffer) => {
      try {
        for (const message of parser.push(chunk)) {
          if (!closed && !signal.aborted) {
            handOn(message, handlers);
          }
        }
      } catch (error) {
        response.destroy();
        close(error instanceof Error ? error.message : String(error));
      }
    });
    response.on("error", (error) => close(error.message));
    response.on("close", () => close("The sidecar closed the event stream"));
  };
  transport.open({ method: "GET", path, signal, timeLimitMs: SILENCE_LIMIT_MS }).then(
    (response) => {
      const status = response.statusCode ?? 0;
      if (status === 200) {
        follow(response);
      } else {
        response.resume();
        close(errorFrom(status, "").message);
      }
    },
    (error: unknown) => close(error instanceof Error ? error.message : String(error)),
  );
}

/** Kinds of event that a newer sidecar may know and this client does not are passed over. */
function handOn({ event, data }: SseMessage, handlers: StreamHandlers): void {
  const content: unknown = JSON.parse(data);
  if (event === "snapshot" || event === "status") {
    handlers.onStatus(statusSchema.parse(content));
    return;
  }
  const known = eventSchema.safeParse(content);
  if (known.success) {
    handlers.onEvent(known.data);
  }
}
