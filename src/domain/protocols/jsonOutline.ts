import { OUTLINE_WASM } from "./jsonOutlineWasm.ts";
import { isObject, type JsonObject, parseOrUndefined, parseRequest } from "./jsonValue.ts";

/** Bits of the kinds of values that a member is left out with, as jsonOutline.wat has them. */
const TEXT = 1;
const OBJECT = 2;
const LIST = 4;

/**
 * Members by which prompts grow, and which no reader of a request looks into: what was said, what tools take and were given.
 * Media stand under other names; `input` is a list of items where OpenAI's Responses have it.
 */
const LEFT_OUT: Readonly<Record<string, number>> = {
  content: TEXT,
  text: TEXT,
  thinking: TEXT,
  reasoning_content: TEXT,
  signature: TEXT,
  thoughtSignature: TEXT,
  encrypted_content: TEXT,
  description: TEXT,
  arguments: TEXT,
  output: TEXT,
  instructions: TEXT,
  system: TEXT,
  input: TEXT | OBJECT,
  args: OBJECT,
  parameters: OBJECT,
  parametersJsonSchema: OBJECT,
  input_schema: OBJECT,
  inputSchema: OBJECT,
  tool_calls: LIST,
};

/** Bytes. Shorter requests are parsed as they are sooner; longer ones hold media, which are kept, and would keep memory. */
const SHORTEST = 8_192;
const LONGEST = 1_048_576;
const SLOT = 32;
const NAME = 4;
const PAGE = 65_536;
/** What the assembled code may read beyond a document, and more. */
const SPARE = 64;

interface Outliner {
  readonly memory: WebAssembly.Memory;
  /** Where a document stands in it. */
  readonly document: WebAssembly.Global<"i32">;
  /** Shortens the document there; its new length in bytes, or -1. */
  readonly outline: (length: number) => number;
}

/** Undefined before it is first needed. */
let outliner: Outliner | null | undefined;

/**
 * Parses a request as far as its readers look: without its long texts, of which a dot is left, and without what `LEFT_OUT`
 * names, of which empty objects and lists are. An agent's 200 KB take a third of the time so. Mistakes within what is left
 * out are for the provider to find. A request that has one of the members `wholeWith`, which are looked into, is parsed whole.
 * @throws BadRequestError when the body is not a JSON object.
 */
export function parseOutline(body: Buffer, wholeWith: readonly string[] = []): JsonObject {
  if (body.length < SHORTEST || body.length > LONGEST) {
    return parseRequest(body);
  }
  const text = outlineOf(body);
  const value = text === null ? undefined : parseOrUndefined(text);
  // Where something is wrong, the whole request tells what.
  return isObject(value) && !wholeWith.some((name) => Object.hasOwn(value, name)) ? value : parseRequest(body);
}

/** The outline as JSON, which the next call overwrites; null where it cannot be made. */
export function outlineOf(body: Buffer): Buffer | null {
  if (outliner === undefined) {
    outliner = load();
  }
  if (outliner === null) {
    return null;
  }
  const { memory, document, outline } = outliner;
  const missing = document.value + body.length + SPARE - memory.buffer.byteLength;
  if (missing > 0) {
    memory.grow(Math.ceil(missing / PAGE));
  }
  new Uint8Array(memory.buffer).set(body, document.value);
  const length = outline(body.length);
  return length < 0 ? null : Buffer.from(memory.buffer, document.value, length);
}

/** Null where the processor lacks what the code takes (vectors of 16 bytes). */
function load(): Outliner | null {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(OUTLINE_WASM, "base64")));
    const loaded = exports as unknown as Outliner;
    const slots = Buffer.from(loaded.memory.buffer);
    for (const [index, [name, kinds]] of Object.entries(LEFT_OUT).entries()) {
      slots.set([name.length, kinds], index * SLOT);
      slots.write(name, index * SLOT + NAME, "latin1");
    }
    return loaded;
  } catch {
    return null;
  }
}
