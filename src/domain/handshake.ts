import { z } from "zod";

/** Raised when the API or the handshake change in a way that an older client or sidecar cannot live with. */
export const PROTOCOL_VERSION = 1;

/** The one JSON line that a sidecar says to whoever connects to its socket, before it closes the connection. */
export const handshakeSchema = z.object({
  protocol: z.int(),
  version: z.string(),
  pid: z.int(),
  url: z.string(),
  dataDir: z.string(),
});
export type Handshake = z.infer<typeof handshakeSchema>;

/** The first line that `serve --json` prints. */
export const readyLineSchema = z.object({ ready: z.literal(true), url: z.string(), pid: z.int(), dataDir: z.string() });
export type ReadyLine = z.infer<typeof readyLineSchema>;
