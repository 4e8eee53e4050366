import { readFileSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { CertificateFiles } from "./privateAuthority.ts";

export type TlsFrontOptions = {
  /** The port on this machine that gets the bytes. */
  readonly to: number;
  readonly certificate: CertificateFiles;
  /** Whose clients' certificates are taken; absent: none is asked for. */
  readonly clientCaFile?: string;
};

/** TLS in front of a simulated provider. */
export class TlsFront {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<TLSSocket>();

  static async start(options: TlsFrontOptions): Promise<TlsFront> {
    const { certificate, clientCaFile } = options;
    const server = createServer({
      cert: readFileSync(certificate.cert),
      key: readFileSync(certificate.key),
      ...(clientCaFile === undefined
        ? {}
        : { ca: readFileSync(clientCaFile), requestCert: true, rejectUnauthorized: true }),
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new TlsFront(server, options.to);
  }

  private constructor(server: Server, to: number) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("tlsClientError", () => {});
    server.on("secureConnection", (socket) => {
      this.#sockets.add(socket);
      const behind = connect(to, "127.0.0.1");
      socket.on("error", () => behind.destroy());
      behind.on("error", () => socket.destroy());
      socket.once("close", () => this.#sockets.delete(socket));
      socket.pipe(behind).pipe(socket);
    });
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
