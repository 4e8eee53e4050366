import type { Places } from "./eventHoles.ts";
import { EventShape, LARGEST_SHAPE } from "./eventShape.ts";

/** Shapes that are kept at once: text, thoughts, a call. */
const MOST_SHAPES = 4;
/** Shapes that a stream may show before its events have to pay for it. */
const FREE_SHAPES = 8;
const EVENTS_A_SHAPE = 4;

/** A shape, and what is known of all its events. */
export interface KnownShape<Fact> {
  readonly shape: EventShape;
  readonly fact: Fact;
}

/** The shapes that a stream has shown. */
export class ShapeBook<Fact> {
  readonly #places: Places;
  #known: Array<KnownShape<Fact>> = [];
  #learned = 0;
  #found = 0;

  constructor(places: Places) {
    this.#places = places;
  }

  /** The shape of an event, which ends there; null where it is not known. Its values hold until the next call. */
  find(event: Buffer, end = event.length): KnownShape<Fact> | null {
    const known = this.findAt(event, 0);
    return known?.shape.end === end ? known : null;
  }

  /** The same of an event that begins there; its shape tells where it ends. */
  findAt(bytes: Buffer, from: number): KnownShape<Fact> | null {
    const known = this.#known;
    for (let index = 0; index < known.length; index += 1) {
      const one = known[index] as KnownShape<Fact>;
      if (one.shape.matches(bytes, from)) {
        this.#found += 1;
        if (index > 0) {
          this.#known = [one, ...known.filter((other) => other !== one)];
        }
        return one;
      }
    }
    return null;
  }

  /** Whether another shape may be learned: a stream whose events are never alike would pay for it in vain. */
  get learns(): boolean {
    return this.#learned < FREE_SHAPES + this.#found / EVENTS_A_SHAPE;
  }

  /**
   * Learns the shape of an event, with all that delimits it, whose JSON has been parsed and is an object; `factOf` gives
   * null where it tells nothing of others.
   */
  learn(event: Buffer, json: Buffer, factOf: (shape: EventShape) => Fact | null): void {
    if (!this.learns || event.length > LARGEST_SHAPE) {
      return;
    }
    this.#learned += 1;
    const shape = EventShape.of(event, json, this.#places);
    const fact = shape === null ? null : factOf(shape);
    if (shape !== null && fact !== null) {
      this.#known = [{ shape, fact }, ...this.#known.slice(0, MOST_SHAPES - 1)];
    }
  }
}
