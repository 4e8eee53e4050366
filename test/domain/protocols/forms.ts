import type { RequestContext } from "../../../src/domain/protocol.ts";

/** A field of a form: its text, or a file's bytes. */
export type Field = string | { readonly file: string; readonly bytes: Buffer };

export interface Form {
  readonly body: Buffer;
  readonly context: RequestContext;
}

/** A form as clients send it. */
export function formOf(
  fields: ReadonlyArray<readonly [name: string, value: Field]>,
  path = "",
  boundary = "fence",
): Form {
  const parts = fields.flatMap(([name, value]) => {
    const isFile = typeof value !== "string";
    const file = isFile ? `; filename="${value.file}"\r\nContent-Type: application/octet-stream` : "";
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`;
    return [Buffer.from(head), isFile ? value.bytes : Buffer.from(value), Buffer.from("\r\n")];
  });
  const body = Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);
  return { body, context: { path, search: "", contentType: `multipart/form-data; boundary=${boundary}` } };
}
