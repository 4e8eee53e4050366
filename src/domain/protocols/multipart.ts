import { BadRequestError } from "../protocol.ts";

/** One field of a form. */
export interface FormField {
  readonly name: string;
  /** Null where the field is no file. */
  readonly fileName: string | null;
  /** A view of the body, not a copy. */
  readonly value: Buffer;
}

/** No route takes as many; a form of more is not read. */
const MOST_FIELDS = 1_000;
/** No field's own headers are longer, in bytes. */
const LONGEST_HEADERS = 16_384;
/** No field that is no file is longer, in bytes, that this is asked for. */
const LONGEST_TEXT = 262_144;

const CRLF = "\r\n";
const HEADERS_END = Buffer.from("\r\n\r\n");

/** Whether a request's content type is that of a form. */
export function isForm(contentType: string | null | undefined): boolean {
  return /^multipart\/form-data\b/i.test(contentType?.trim() ?? "");
}

/**
 * The fields of a `multipart/form-data` body (RFC 7578) in its order, as views of it: nothing is copied, and nothing but the
 * fields' own headers is looked at.
 * @throws BadRequestError where the body is none, or is cut off.
 */
export function readForm(body: Buffer, contentType: string | null | undefined): FormField[] {
  const [, quoted, bare] = /;\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(contentType ?? "") ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined) {
    throw new BadRequestError("The form's content type names no boundary");
  }
  const first = Buffer.from(`--${boundary}`);
  const next = Buffer.from(`${CRLF}--${boundary}`);
  // What stands before the first boundary is to be passed over.
  const start = body.subarray(0, first.length).equals(first) ? 0 : body.indexOf(next);
  if (start === -1) {
    throw new BadRequestError("The form's boundary is not in its body");
  }
  const fields: FormField[] = [];
  let at = start === 0 ? first.length : start + next.length;
  while (body.toString("latin1", at, at + 2) !== "--") {
    const headersEnd = body.indexOf(HEADERS_END, at);
    if (headersEnd === -1 || headersEnd - at > LONGEST_HEADERS || fields.length === MOST_FIELDS) {
      throw new BadRequestError("The form is cut off, or larger than is read");
    }
    const from = headersEnd + HEADERS_END.length;
    // An empty value's boundary begins with the line's end that closes the headers.
    const end = body.indexOf(next, from - CRLF.length);
    if (end === -1) {
      throw new BadRequestError("The form is cut off");
    }
    fields.push({ ...namesOf(body.toString("utf8", at, headersEnd)), value: body.subarray(Math.min(from, end), end) });
    at = end + next.length;
  }
  return fields;
}

function namesOf(headers: string): Omit<FormField, "value"> {
  const disposition = /^content-disposition:(.*)$/im.exec(headers)?.[1] ?? "";
  const name = /;\s*name=(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))/i.exec(disposition);
  if (name === null) {
    throw new BadRequestError("A field of the form has no name");
  }
  const file = /;\s*filename\*?=(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))/i.exec(disposition);
  return { name: name[1] ?? name[2] ?? "", fileName: file === null ? null : (file[1] ?? file[2] ?? "") };
}

/**
 * A field's text, null where there is none of that name.
 * @throws BadRequestError where it stands twice (servers do not agree which one holds), or is longer than any such text.
 */
export function formText(fields: readonly FormField[], name: string): string | null {
  const [field, second] = fields.filter((one) => one.name === name && one.fileName === null);
  if (second !== undefined || (field !== undefined && field.value.length > LONGEST_TEXT)) {
    throw new BadRequestError(`"${name}" ${second === undefined ? "is too long" : "stands twice in the form"}`);
  }
  return field?.value.toString("utf8") ?? null;
}
