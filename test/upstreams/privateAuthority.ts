import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Files of a certificate and its key, in PEM form. */
export type CertificateFiles = { readonly cert: string; readonly key: string };

/** A certificate authority of one's own, as companies have them, in a folder of its own. It needs the program `openssl`. */
export class PrivateAuthority {
  readonly folder = mkdtempSync(join(tmpdir(), "tollgate-authority-"));
  readonly caFile = join(this.folder, "ca.pem");
  readonly #caKey = join(this.folder, "ca.key");

  constructor() {
    const subject = ["-subj", "/CN=Authority of a test", "-days", "2"];
    const extensions = ["-addext", "basicConstraints=critical,CA:TRUE"];
    this.#openssl("req", "-x509", ...NEW_KEY, "-keyout", this.#caKey, "-out", this.caFile, ...subject, ...extensions);
  }

  /** A certificate for a server at 127.0.0.1 or named llm.test, or for a client of that name. With a passphrase the key is encrypted. */
  issue(name: string, passphrase?: string): CertificateFiles {
    const files = { cert: join(this.folder, `${name}.pem`), key: join(this.folder, `${name}.key`) };
    const request = join(this.folder, `${name}.csr`);
    const extensions = join(this.folder, `${name}.ext`);
    writeFileSync(extensions, "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:llm.test\n");
    this.#openssl("req", "-new", ...NEW_KEY, "-keyout", files.key, "-out", request, "-subj", `/CN=${name}`);
    const signing = ["-CA", this.caFile, "-CAkey", this.#caKey, "-CAcreateserial", "-days", "2"];
    this.#openssl("x509", "-req", "-in", request, "-out", files.cert, "-extfile", extensions, ...signing);
    if (passphrase !== undefined) {
      this.#openssl("pkcs8", "-topk8", "-in", files.key, "-out", `${files.key}.enc`, "-passout", `pass:${passphrase}`);
      writeFileSync(files.key, readFileSync(`${files.key}.enc`));
    }
    return files;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #openssl(...args: string[]): void {
    execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
  }
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
