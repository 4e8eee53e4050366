/** Nobody to talk to: the sidecar cannot be found, started or reached. The message says why, in words for the user. */
export class SidecarUnavailableError extends Error {
  override readonly name = "SidecarUnavailableError";
}
