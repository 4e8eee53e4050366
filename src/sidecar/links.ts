import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import { ConfigError, type Environment, type Provider } from "../domain/config.ts";
import { type Tls, withVariables } from "../domain/endpoint.ts";

/** How long, in ms, files are taken as read before it is asked whether they have changed. */
const FRESH_MS = 10_000;

/** What requests to a provider of the user's own take beside its address. */
export interface Link {
  /** Raw, names and values in turn. They come before the client's own of the same name. */
  readonly headers: readonly string[];
  /** As `https.request` takes them; null where nothing but the usual is wanted. */
  readonly tls: LinkTls | null;
  /** Names, in lower case, of headers of the client's that stay here; absent: none. */
  readonly withoutHeaders?: readonly string[];
}

export interface LinkTls {
  readonly secureContext: SecureContext;
  readonly rejectUnauthorized: boolean;
}

/** A file or a variable that a provider's settings name cannot be used. The message says which, and of which provider. */
export class LinkError extends Error {
  override readonly name = "LinkError";
}

interface Remembered {
  readonly link: Link;
  readonly files: string;
  checkedAt: number;
}

/** TLS settings and headers of providers, with what their files and variables hold. Secrets stay in memory. */
export class Links {
  readonly #environment: Environment;
  readonly #now: () => number;
  readonly #remembered = new WeakMap<Provider, Remembered>();

  constructor({ environment, now }: { readonly environment: Environment; readonly now: () => number }) {
    this.#environment = environment;
    this.#now = now;
  }

  /** Null where the provider has neither TLS settings nor headers. Files that have changed are read anew. @throws LinkError */
  of(name: string, provider: Provider): Link | null {
    const { tls, headers } = provider;
    if (tls === undefined && headers === undefined) {
      return null;
    }
    const known = this.#remembered.get(provider);
    const now = this.#now();
    if (known !== undefined && now >= known.checkedAt && now - known.checkedAt < FRESH_MS) {
      return known.link;
    }
    const files = tls === undefined ? "" : changesOf(tls);
    if (known !== undefined && known.files === files) {
      known.checkedAt = now;
      return known.link;
    }
    const link: Link = {
      headers: Object.entries(headers ?? {}).flatMap(([header, value]) => [
        header,
        withVariables(value, (variable) => this.#variable(`${name}: headers.${header}`, variable)),
      ]),
      tls: tls === undefined ? null : this.#tls(name, tls),
    };
    this.#remembered.set(provider, { link, files, checkedAt: now });
    return link;
  }

  /** @throws ConfigError where files of these providers cannot be used. A variable that is not set yet is no reason. */
  check(providers: Readonly<Record<string, Provider>>): void {
    for (const [name, { tls }] of Object.entries(providers)) {
      const isLocked = tls?.passphraseEnv !== undefined && !this.#environment[tls.passphraseEnv];
      try {
        if (tls !== undefined && !isLocked) {
          this.#tls(name, tls);
        }
      } catch (error) {
        throw error instanceof LinkError ? new ConfigError(`providers.${error.message}`) : error;
      }
    }
  }

  /** What is wrong with these providers' files and variables, and where TLS checks are switched off, in words for the user. */
  notices(providers: Readonly<Record<string, Provider>>): string[] {
    const all =
      this.#environment.NODE_TLS_REJECT_UNAUTHORIZED === "0"
        ? [
            "TLS checks are switched off for every provider by NODE_TLS_REJECT_UNAUTHORIZED=0: anyone on the way can read keys and prompts.",
          ]
        : [];
    return [
      ...all,
      ...Object.entries(providers).flatMap(([name, provider]) => {
        const unchecked =
          provider.tls?.insecure === true
            ? [
                `TLS checks are switched off for ${name}: anyone on the way can read its keys and prompts. Give its authority's certificate as tls.caFile, and take tls.insecure away.`,
              ]
            : [];
        return [...unchecked, ...this.#trouble(name, provider)];
      }),
    ];
  }

  #trouble(name: string, provider: Provider): string[] {
    try {
      this.of(name, provider);
      return [];
    } catch (error) {
      return [`Calls to ${error instanceof Error ? error.message : String(error)}`];
    }
  }

  #variable(where: string, name: string): string {
    const value = this.#environment[name];
    if (value === undefined || value === "") {
      throw new LinkError(
        `${where}: the environment variable ${name} is not set where Tollgate's sidecar was started; set it there and restart the sidecar`,
      );
    }
    // A line break would begin another header.
    if (!/^[\t\x20-\x7e]*$/.test(value)) {
      throw new LinkError(`${where}: the environment variable ${name} holds characters that no header can have`);
    }
    return value;
  }

  #tls(name: string, { caFile, certFile, keyFile, passphraseEnv, insecure = false }: Tls): Link["tls"] {
    const ca = caFile === undefined ? undefined : authoritiesIn(`${name}: tls.caFile`, caFile);
    const cert = certFile === undefined ? undefined : certificatesIn(`${name}: tls.certFile`, certFile);
    const passphrase =
      passphraseEnv === undefined
        ? undefined
        : this.#environment[passphraseEnv] || this.#noPassphrase(name, passphraseEnv);
    const key = keyFile === undefined ? undefined : keyIn(`${name}: tls.keyFile`, keyFile, passphrase);
    try {
      const secureContext = createSecureContext({
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined ? {} : { cert }),
        ...(key === undefined ? {} : { key }),
        ...(passphrase === undefined ? {} : { passphrase }),
      });
      return { secureContext, rejectUnauthorized: !insecure };
    } catch (error) {
      throw new LinkError(`${name}: tls.certFile (${certFile}) and tls.keyFile (${keyFile}): ${reasonOf(error)}`);
    }
  }

  #noPassphrase(name: string, variable: string): never {
    throw new LinkError(
      `${name}: tls.passphraseEnv: the environment variable ${variable} is not set where Tollgate's sidecar was started`,
    );
  }
}

/** A link's headers by name. */
export function headersOf(link: Link | null): Record<string, string> {
  const raw = link?.headers ?? [];
  return Object.fromEntries(raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] as string]] : [])));
}

/** Something that differs when one of the files has been replaced; a file that is gone counts as changed. */
function changesOf({ caFile, certFile, keyFile }: Tls): string {
  return [caFile, certFile, keyFile]
    .map((path) => {
      const stat = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
      return stat === undefined ? "-" : `${stat.ino}:${stat.size}:${stat.mtimeMs}`;
    })
    .join(" ");
}

/** The user's authorities beside those that this program trusts anyway. */
function authoritiesIn(where: string, path: string): string[] {
  return [...getCACertificates("default"), certificatesIn(where, path)];
}

function certificatesIn(where: string, path: string): string {
  const text = textOf(where, path);
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) {
    throw new LinkError(`${where}: ${path} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)`);
  }
  try {
    for (const block of blocks) {
      new X509Certificate(block);
    }
  } catch (error) {
    throw new LinkError(`${where}: a certificate in ${path} cannot be read: ${reasonOf(error)}`);
  }
  return text;
}

function keyIn(where: string, path: string, passphrase: string | undefined): string {
  const text = textOf(where, path);
  try {
    createPrivateKey({ key: text, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (error) {
    const hint = /ENCRYPTED/.test(text) && passphrase === undefined ? "it is encrypted: name tls.passphraseEnv" : null;
    throw new LinkError(`${where}: the private key in ${path} cannot be read: ${hint ?? reasonOf(error)}`);
  }
  return text;
}

function textOf(where: string, path: string): string {
  if (!isAbsolute(path)) {
    throw new LinkError(`${where}: ${path} is not a whole path, such as /etc/ssl/corp.pem`);
  }
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new LinkError(`${where}: ${path} cannot be read: ${reasonOf(error)}`);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
