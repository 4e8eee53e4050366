import { BadRequestError } from "../protocol.ts";
import { isObject, type JsonObject } from "./jsonValue.ts";

const snakeNames = new Map<string, string>();

/** `max_output_tokens` for `maxOutputTokens`. */
export function snakeCase(name: string): string {
  let snake = snakeNames.get(name);
  if (snake === undefined) {
    snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    snakeNames.set(name, snake);
  }
  return snake;
}

/** A member under its JSON name or the name in Google's schema: Google takes both. */
export function memberOf(object: JsonObject, name: string): unknown {
  return object[name] ?? object[snakeCase(name)];
}

/** The items of a list; Google takes a single one without brackets too. */
export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : isObject(value) ? [value] : [];
}

/**
 * The whole number that a member is, under whichever name it is the greatest; Google takes numbers as text too. Null where
 * it is absent. @throws BadRequestError when it is something else.
 */
export function wholeOf(object: JsonObject, name: string): number | null {
  let greatest: number | null = null;
  for (const spelled of [name, snakeCase(name)]) {
    const value = object[spelled] ?? null;
    const number = typeof value === "string" && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
    if (number === null) {
      continue;
    }
    if (typeof number !== "number" || !Number.isInteger(number)) {
      throw new BadRequestError(`"${spelled}" must be a whole number`);
    }
    greatest = Math.max(greatest ?? number, number);
  }
  return greatest;
}

/** What a member holds under each of its names, where it is there. @throws BadRequestError when that is no object. */
export function objectMembers(object: JsonObject, name: string): readonly JsonObject[] {
  return [name, snakeCase(name)].flatMap((spelled) => {
    const value = object[spelled] ?? null;
    if (value !== null && !isObject(value)) {
      throw new BadRequestError(`"${spelled}" must be an object`);
    }
    return value === null ? [] : [value];
  });
}
