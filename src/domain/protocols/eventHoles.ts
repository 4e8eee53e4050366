import { skipSpace, valueEnd } from "./jsonEdit.ts";

/** What may differ: a text that counts by its length, one that counts for nothing, a number, bytes as base64. */
export type Kind = "text" | "padding" | "count" | "base64";

/**
 * Where the events of one shape may differ in their JSON, by the names of its members; of a list, in each element. All else
 * has to be alike to the byte.
 */
export type Places = Kind | { readonly [name: string]: Places } | readonly [Places];

/** Such a place in an event. */
export interface Hole {
  readonly kind: Kind;
  /** The names and indices that lead to it. */
  readonly path: ReadonlyArray<string | number>;
  /** Where the text stands between its quotes, or the number. */
  readonly start: number;
  readonly end: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const ZERO = 0x30;
const NINE = 0x39;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
/** Numbers with more digits than this may not be exact. */
export const MOST_DIGITS = 15;

/**
 * The places in an event's JSON, which begins at `from`, is an object, and has been parsed. Null where a name on the way to
 * one stands twice, since only the second counts.
 */
export function holesIn(event: Buffer, from: number, places: Places): readonly Hole[] | null {
  const walk = new Walk(event);
  walk.value(skipSpace(event, from), places, []);
  return walk.isAmbiguous ? null : walk.holes;
}

/** One way through valid JSON. Each method gives where what begins at `at` ends. */
class Walk {
  readonly holes: Hole[] = [];
  isAmbiguous = false;
  readonly #bytes: Buffer;
  /** Whether an escape was in a text since this was last set. */
  #hasEscape = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  value(at: number, places: Places | undefined, path: Hole["path"]): number {
    const first = this.#bytes[at];
    if (first === OPEN_BRACE && isNamed(places)) {
      return this.#object(at, places, path);
    }
    if (first === OPEN_BRACKET && isList(places)) {
      return this.#list(at, places[0], path);
    }
    const end = valueEnd(this.#bytes, at);
    if (first === QUOTE && (places === "text" || places === "padding" || places === "base64")) {
      this.holes.push({ kind: places, path, start: at + 1, end: end - 1 });
    } else if (places === "count" && this.#isCount(at, end)) {
      this.holes.push({ kind: places, path, start: at, end });
    }
    return end;
  }

  #object(start: number, places: Named, path: Hole["path"]): number {
    const named = namesOf(places);
    const seen = new Set<string>();
    let at = skipSpace(this.#bytes, start + 1);
    while (this.#bytes[at] === QUOTE) {
      this.#hasEscape = false;
      const nameEnd = this.#text(at);
      // A name with escapes in it could be any.
      this.isAmbiguous ||= this.#hasEscape;
      const place = named.find(({ bytes }) => this.#isName(bytes, at, nameEnd));
      if (place !== undefined) {
        this.isAmbiguous ||= seen.has(place.name);
        seen.add(place.name);
      }
      const valueAt = skipSpace(this.#bytes, skipSpace(this.#bytes, nameEnd) + 1);
      at = this.#next(this.value(valueAt, place?.inner, place === undefined ? path : [...path, place.name]));
    }
    return at + 1;
  }

  #isName(name: Buffer, start: number, end: number): boolean {
    if (end - start !== name.length) {
      return false;
    }
    for (let at = start; at < end; at += 1) {
      if (this.#bytes[at] !== name[at - start]) {
        return false;
      }
    }
    return true;
  }

  #list(start: number, places: Places, path: Hole["path"]): number {
    let at = skipSpace(this.#bytes, start + 1);
    for (let index = 0; at < this.#bytes.length && this.#bytes[at] !== CLOSE_BRACKET; index += 1) {
      at = this.#next(this.value(at, places, [...path, index]));
    }
    return at + 1;
  }

  /** What follows the comma after a value, or the end of what holds it. */
  #next(end: number): number {
    const at = skipSpace(this.#bytes, end);
    return this.#bytes[at] === COMMA ? skipSpace(this.#bytes, at + 1) : at;
  }

  #text(start: number): number {
    let at = start + 1;
    for (let byte = this.#bytes[at]; byte !== QUOTE && byte !== undefined; byte = this.#bytes[at]) {
      this.#hasEscape ||= byte === BACKSLASH;
      at += byte === BACKSLASH ? 2 : 1;
    }
    return at + 1;
  }

  #isCount(start: number, end: number): boolean {
    for (let at = start; at < end; at += 1) {
      const byte = this.#bytes[at] as number;
      if (byte < ZERO || byte > NINE) {
        return false;
      }
    }
    return end - start <= MOST_DIGITS;
  }
}

type Named = { readonly [name: string]: Places };

interface NamedPlace {
  readonly name: string;
  /** As it stands in JSON, with its quotes. */
  readonly bytes: Buffer;
  readonly inner: Places;
}

const namedPlaces = new WeakMap<Named, readonly NamedPlace[]>();

function namesOf(places: Named): readonly NamedPlace[] {
  const known = namedPlaces.get(places);
  if (known !== undefined) {
    return known;
  }
  const named = Object.entries(places).map(([name, inner]) => ({ name, inner, bytes: Buffer.from(`"${name}"`) }));
  namedPlaces.set(places, named);
  return named;
}

function isList(places: Places | undefined): places is readonly [Places] {
  return Array.isArray(places);
}

function isNamed(places: Places | undefined): places is Named {
  return typeof places === "object" && !isList(places);
}
