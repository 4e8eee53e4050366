/** Where a member's value stands in the bytes: from `start` up to `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;

/**
 * Puts members into a JSON object, given as JSON text by name, and leaves every other byte as it is. A member that is
 * there already gets the new value wherever it stands (which of two doubles counts, parsers do not agree on); one that
 * is not is put in right after the opening brace. The bytes must be a valid JSON object, and `present` tell its members.
 */
export function withMembers(
  body: Buffer,
  present: ReadonlySet<string>,
  members: Readonly<Record<string, string>>,
): Buffer {
  const names = Object.keys(members);
  if (names.length === 0) {
    return body;
  }
  const edits: Array<Span & { text: string }> = [];
  const missing = names.filter((name) => !present.has(name));
  if (missing.length < names.length) {
    for (const [name, span] of memberSpans(body)) {
      const text = Object.hasOwn(members, name) ? members[name] : undefined;
      if (text !== undefined) {
        edits.push({ ...span, text });
      }
    }
  }
  if (missing.length > 0) {
    const at = body.indexOf(OPEN_BRACE) + 1;
    const added = missing.map((name) => `${JSON.stringify(name)}:${members[name]}`).join(",");
    const isEmpty = body[skipSpace(body, at)] === CLOSE_BRACE;
    edits.unshift({ start: at, end: at, text: isEmpty ? added : `${added},` });
  }
  return applied(body, edits);
}

/** The values of those of the named members that are present, parsed; of doubles the last. */
export function membersOf(
  body: Buffer,
  present: ReadonlySet<string>,
  names: readonly string[],
): ReadonlyMap<string, unknown> {
  const values = new Map<string, unknown>();
  if (names.some((name) => present.has(name))) {
    for (const [name, { start, end }] of memberSpans(body)) {
      if (names.includes(name)) {
        values.set(name, JSON.parse(body.toString("utf8", start, end)));
      }
    }
  }
  return values;
}

function applied(body: Buffer, edits: ReadonlyArray<Span & { text: string }>): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (const { start, end, text } of edits) {
    parts.push(body.subarray(at, start), Buffer.from(text));
    at = end;
  }
  parts.push(body.subarray(at));
  return Buffer.concat(parts);
}

/** The members of a JSON object in their order, doubles too, and where their values stand. */
export function* memberSpans(body: Buffer): Generator<[name: string, value: Span]> {
  let at = skipSpace(body, body.indexOf(OPEN_BRACE) + 1);
  while (body[at] === QUOTE) {
    const nameEnd = stringEnd(body, at);
    const name = JSON.parse(body.toString("utf8", at, nameEnd)) as string;
    const start = skipSpace(body, skipSpace(body, nameEnd) + 1);
    const end = valueEnd(body, start);
    yield [name, { start, end }];
    at = skipSpace(body, end);
    if (body[at] === COMMA) {
      at = skipSpace(body, at + 1);
    }
  }
}

/** Where the elements of a JSON list stand, in its order. The bytes must be valid JSON; none where they are no list. */
export function* elementSpans(body: Buffer): Generator<Span> {
  let at = skipSpace(body, 0);
  if (body[at] !== OPEN_BRACKET) {
    return;
  }
  at = skipSpace(body, at + 1);
  while (at < body.length && body[at] !== CLOSE_BRACKET) {
    const end = valueEnd(body, at);
    yield { start: at, end };
    at = skipSpace(body, end);
    if (body[at] === COMMA) {
      at = skipSpace(body, at + 1);
    }
  }
}

/** The first place from there on that is no white space. */
export function skipSpace(body: Buffer, from: number): number {
  let at = from;
  for (let byte = body[at]; byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09; byte = body[at]) {
    at += 1;
  }
  return at;
}

/** A quote ends a string unless an odd number of backslashes stands before it. Prompts are long, so quotes are searched for. */
function stringEnd(body: Buffer, from: number): number {
  for (let at = body.indexOf(QUOTE, from + 1); at !== -1; at = body.indexOf(QUOTE, at + 1)) {
    let before = at - 1;
    while (body[before] === BACKSLASH) {
      before -= 1;
    }
    if ((at - before) % 2 === 1) {
      return at + 1;
    }
  }
  return body.length;
}

/** Where the value ends that begins there, in valid JSON. */
export function valueEnd(body: Buffer, from: number): number {
  let depth = 0;
  let at = from;
  while (at < body.length) {
    const byte = body[at];
    if (byte === QUOTE) {
      at = stringEnd(body, at);
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth += 1;
      at += 1;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (depth === 0) {
        return at;
      }
      depth -= 1;
      at += 1;
    } else if (depth === 0 && (byte === COMMA || byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)) {
      return at;
    } else {
      at += 1;
      continue;
    }
    if (depth === 0) {
      return at;
    }
  }
  return at;
}
