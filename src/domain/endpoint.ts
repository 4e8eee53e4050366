import { z } from "zod";

/** Headers that the gateway writes itself, or that belong to one connection. */
const OWN_HEADERS =
  /^(host|content-length|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|accept-encoding|proxy-.*|x-tollgate-.*)$/i;
/** Names of headers whose values are secrets as a rule. */
const SECRET_HEADERS = /authorization|cookie|api-?key|token|secret|password|credential/i;
const VARIABLE = /\$\{env:([^}]*)\}/g;
const EXAMPLE = "$" + "{env:NAME}";
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

const path = z.string().min(1, "a path cannot be empty").max(4_096);
const variable = z.string().regex(VARIABLE_NAME, "the name of an environment variable, such as CORP_KEY_PASSPHRASE");

/**
 * How a provider's server is known, and how it knows us: PEM files, read by the sidecar. The authorities of `caFile` are
 * trusted beside those that Node knows; `insecure` takes any certificate.
 */
export const tlsSchema = z
  .strictObject({
    caFile: path.optional(),
    certFile: path.optional(),
    keyFile: path.optional(),
    /** The environment variable that holds the key file's passphrase. */
    passphraseEnv: variable.optional(),
    insecure: z.boolean().optional(),
  })
  .refine(({ certFile, keyFile }) => (certFile === undefined) === (keyFile === undefined), {
    error: "a client certificate takes both certFile and keyFile",
  })
  .refine(({ keyFile, passphraseEnv }) => passphraseEnv === undefined || keyFile !== undefined, {
    error: "is for a keyFile, and there is none",
    path: ["passphraseEnv"],
  });
export type Tls = z.infer<typeof tlsSchema>;

const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, "not the name of a header")
  .refine((name) => !OWN_HEADERS.test(name), "the gateway writes this header itself");

const headerValue = z
  .string()
  .max(8_192)
  .regex(/^[\t\x20-\x7e]*$/, "a header holds visible ASCII characters only")
  .refine(
    (value) => variablesOf(value).every((name) => VARIABLE_NAME.test(name)),
    `an environment variable is written ${EXAMPLE}`,
  );

/** Headers that are sent with every request to a provider. `${env:NAME}` stands for what the sidecar's environment holds. */
export const headersSchema = z
  .record(headerName, headerValue)
  .refine((headers) => Object.keys(headers).length <= 50, "at most 50 headers")
  .superRefine((headers, context) => {
    for (const [name, value] of Object.entries(headers)) {
      if (SECRET_HEADERS.test(name) && variablesOf(value).length === 0) {
        const message = `a secret does not belong into a file: write ${EXAMPLE} and set that environment variable`;
        context.addIssue({ code: "custom", path: [name], message });
      }
    }
  });

/** The environment variables that a header's value names. */
export function variablesOf(value: string): string[] {
  return [...value.matchAll(VARIABLE)].map(([, name]) => name as string);
}

/** A header's value with what `read` gives for each of its variables. */
export function withVariables(value: string, read: (name: string) => string): string {
  return value.replace(VARIABLE, (_, name: string) => read(name));
}
