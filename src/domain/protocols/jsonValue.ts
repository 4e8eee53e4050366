import { BadRequestError } from "../protocol.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value as an object; an empty one where it is none. */
export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** The value as a list; an empty one where it is none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** More than any provider counts in one call; keeps sums of counts safe integers. */
const LARGEST_COUNT = 1_000_000_000_000;

/** A count as a provider reports it, rounded up; null where it is no number or below 0. */
export function countOf(value: unknown): number | null {
  return typeof value === "number" && value >= 0 ? Math.ceil(Math.min(value, LARGEST_COUNT)) : null;
}

/** UTF-8 bytes of a text, 0 where the value is none. */
export function bytesOf(value: unknown): number {
  return typeof value === "string" ? Buffer.byteLength(value) : 0;
}

/** A value as JSON; `null` for what nests deeper than the stack reaches, which nobody takes for anything else. */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "null";
  } catch {
    return "null";
  }
}

/** Parses what arrives from a provider; undefined where it is not JSON. */
export function parseOrUndefined(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

/** @throws BadRequestError when the body is not a JSON object. */
export function parseRequest(body: Buffer): JsonObject {
  const value = parseOrUndefined(body);
  if (!isObject(value)) {
    throw new BadRequestError("The request body is not a JSON object");
  }
  return value;
}

/** @throws BadRequestError when the member is neither a text nor absent. */
export function textMember(body: JsonObject, name: string): string | null {
  const value = body[name] ?? null;
  if (value !== null && typeof value !== "string") {
    throw new BadRequestError(`"${name}" must be a string`);
  }
  return value;
}

/** @throws BadRequestError when the member is neither true nor false nor absent. */
export function flagMember(body: JsonObject, name: string): boolean {
  const value = body[name] ?? false;
  if (typeof value !== "boolean") {
    throw new BadRequestError(`"${name}" must be true or false`);
  }
  return value;
}

/** A whole number, negative ones included. @throws BadRequestError when the member is something else and not absent. */
export function wholeMember(body: JsonObject, name: string): number | null {
  const value = body[name] ?? null;
  if (value !== null && !Number.isInteger(value)) {
    throw new BadRequestError(`"${name}" must be a whole number`);
  }
  return value as number | null;
}
