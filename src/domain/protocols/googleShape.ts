import type { Hole, Places } from "./eventHoles.ts";
import type { EventShape } from "./eventShape.ts";
import { writtenIn } from "./googleUsage.ts";
import { isObject, type JsonObject, listOf, objectOf, textOf } from "./jsonValue.ts";

const BY_MODALITY: Places = [{ tokenCount: "count" }];
/** Where chunks of one stream differ: in what was said or thought, and in how much that is by now. */
export const GOOGLE_PLACES: Places = {
  candidates: [{ content: { parts: [{ text: "text" }] } }],
  usageMetadata: {
    promptTokenCount: "count",
    candidatesTokenCount: "count",
    thoughtsTokenCount: "count",
    toolUsePromptTokenCount: "count",
    cachedContentTokenCount: "count",
    totalTokenCount: "count",
    promptTokensDetails: BY_MODALITY,
    candidatesTokensDetails: BY_MODALITY,
    thoughtsTokensDetails: BY_MODALITY,
    toolUsePromptTokensDetails: BY_MODALITY,
    cacheTokensDetails: BY_MODALITY,
  },
};

/** A place in the chunk's parsed counts, and the hole whose value belongs there. */
interface CountPlace {
  readonly object: Record<string, unknown>;
  readonly name: string;
  readonly hole: number;
}

/** What all chunks of one shape tell. */
export class GoogleShape {
  /** The chunk by which the shape was learned. Its counts change to those of the latest chunk. */
  readonly chunk: JsonObject;
  readonly #shape: EventShape;
  readonly #saidHoles: readonly number[];
  readonly #thoughtHoles: readonly number[];
  readonly #counts: readonly CountPlace[];
  /** Bytes of what the model wrote beside the texts that differ. */
  readonly #alsoSaid: number;
  readonly #alsoThought: number;

  private constructor(shape: EventShape, chunk: JsonObject) {
    const texts = shape.holes.flatMap(({ kind }, index) => (kind === "text" ? [index] : []));
    const isThought = (hole: number) => parentOf(chunk, shape.holes[hole] as Hole).thought === true;
    this.chunk = chunk;
    this.#shape = shape;
    this.#saidHoles = texts.filter((hole) => !isThought(hole));
    this.#thoughtHoles = texts.filter(isThought);
    this.#counts = shape.holes.flatMap((hole, index) =>
      hole.kind === "count"
        ? [{ object: parentOf(chunk, hole) as Record<string, unknown>, name: String(hole.path.at(-1)), hole: index }]
        : [],
    );
    const { said, thoughts } = writtenIn(chunk);
    this.#alsoSaid = said - this.#sum(this.#saidHoles);
    this.#alsoThought = thoughts - this.#sum(this.#thoughtHoles);
  }

  /** Null where the text of another chunk would not simply add to what this one tells. */
  static of(shape: EventShape, chunk: JsonObject): GoogleShape | null {
    return listOf(chunk.candidates).some(isSealed) ? null : new GoogleShape(shape, chunk);
  }

  /** Bytes that the latest chunk of this shape says. */
  get said(): number {
    return this.#alsoSaid + this.#sum(this.#saidHoles);
  }

  get thoughts(): number {
    return this.#alsoThought + this.#sum(this.#thoughtHoles);
  }

  /** The `usageMetadata` of the latest chunk of this shape. */
  get usage(): unknown {
    for (const { object, name, hole } of this.#counts) {
      object[name] = this.#shape.values[hole];
    }
    return this.chunk.usageMetadata;
  }

  #sum(holes: readonly number[]): number {
    let sum = 0;
    for (const hole of holes) {
      sum += this.#shape.values[hole] as number;
    }
    return sum;
  }
}

/** Sealed thoughts count only where none are shown. */
function isSealed(candidate: unknown): boolean {
  return listOf(objectOf(objectOf(candidate).content).parts).some(
    (part) => textOf(objectOf(part).thoughtSignature) !== null,
  );
}

/** The object that holds the value at a hole. */
function parentOf(chunk: JsonObject, { path }: Hole): JsonObject {
  let value: unknown = chunk;
  for (const step of path.slice(0, -1)) {
    value = typeof step === "number" ? listOf(value)[step] : isObject(value) ? value[step] : undefined;
  }
  return objectOf(value);
}
