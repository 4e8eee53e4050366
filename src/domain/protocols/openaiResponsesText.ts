import { bytesOf, isObject, type JsonObject, objectOf, textOf } from "./jsonValue.ts";
import { itemBytes } from "./openaiResponsesUsage.ts";

/** The delta of a sound: its bytes as base64. */
export const SOUND_DELTA = "response.audio.delta";

/**
 * What the model has written in a stream's events, in bytes. The same text comes as deltas, again when its part is done, and
 * again with its whole item; some hosts send only the item. So of each item the greater of both counts, in any order.
 */
export class ResponsesText {
  readonly #items = new Map<unknown, { deltas: number; whole: number }>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes in an event. Gives the bytes of text that it itself carries as a delta; 0 for all other events. */
  add(event: JsonObject): number {
    const type = textOf(event.type) ?? "";
    if (type.endsWith(".delta")) {
      // A sound's bytes say nothing of tokens; its transcript comes apart.
      const bytes = type === SOUND_DELTA ? 0 : bytesOf(event.delta);
      this.addDelta(deltaPlace(event), bytes);
      return bytes;
    }
    if (type === "response.output_item.added" || type === "response.output_item.done") {
      this.addItem(event.output_index ?? objectOf(event.item).id, event.item);
    }
    return 0;
  }

  /** Takes in a delta of that many bytes of text, by the place of its item. */
  addDelta(place: unknown, bytes: number): void {
    this.#grow(place, bytes, 0);
  }

  /** Takes in an item of the output, by its place. */
  addItem(place: unknown, item: unknown): void {
    if (isObject(item)) {
      this.#grow(place, 0, itemBytes(item));
    }
  }

  #grow(place: unknown, deltas: number, whole: number): void {
    const item = this.#items.get(place) ?? { deltas: 0, whole: 0 };
    const before = Math.max(item.deltas, item.whole);
    item.deltas += deltas;
    item.whole = Math.max(item.whole, whole);
    this.#items.set(place, item);
    this.#bytes += Math.max(item.deltas, item.whole) - before;
  }
}

/** The place of the item that a delta adds to. */
export function deltaPlace(event: JsonObject): unknown {
  return event.output_index ?? event.item_id;
}
