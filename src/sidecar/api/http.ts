import type { IncomingMessage, ServerResponse } from "node:http";
import type { z } from "zod";
import { ConfigError, parseNamed } from "../../domain/config.ts";
import { BodyTooLargeError, readBody } from "../gateway/body.ts";

const LARGEST_API_BODY = 1024 * 1024;

/** An answer that is not a success; the message tells the caller what to change. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** One request to the API. */
export interface ApiRequest {
  readonly method: string;
  /** Decoded segments below `/api/v1/`. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
}

/** Reads and checks a JSON body of at most so many bytes. @throws HttpError that names what is wrong. */
export async function readJson<T extends z.ZodType>(
  request: ApiRequest,
  schema: T,
  largest = LARGEST_API_BODY,
): Promise<z.infer<T>> {
  return checked(schema, await readAnyJson(request, largest));
}

export async function readAnyJson(request: ApiRequest, largest = LARGEST_API_BODY): Promise<unknown> {
  let text: string;
  try {
    text = (await readBody(request.message, largest)).toString("utf8");
  } catch (error) {
    if (error instanceof BodyTooLargeError) {
      throw new HttpError(413, "too_large", error.message);
    }
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new HttpError(400, "invalid_json", "The request body is not valid JSON");
  }
}

/** `name` is what errors call it. @throws HttpError that names what is wrong. */
export function checked<T extends z.ZodType>(schema: T, input: unknown, name?: string): z.infer<T> {
  try {
    return parseNamed(schema, input, name, "the request");
  } catch (error) {
    throw error instanceof ConfigError ? new HttpError(400, "invalid_request", error.message) : error;
  }
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent || response.destroyed) {
    return;
  }
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "cache-control": "no-store",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

export function sendError(response: ServerResponse, status: number, code: string, message: string): void {
  sendJson(response, status, { error: { code, message } });
}

/** A time from a query: ISO 8601, or a day. Undefined where the parameter is absent. @throws HttpError */
export function timeFrom(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") {
    return undefined;
  }
  const at = Date.parse(text);
  if (Number.isNaN(at)) {
    throw new HttpError(400, "invalid_request", `${name}: "${text}" is not a time, such as 2026-11-21T00:00:00Z`);
  }
  return at;
}

/** A whole number from a query, within bounds. @throws HttpError */
export function integerFrom(
  query: URLSearchParams,
  name: string,
  fallback: number,
  least: number,
  most: number,
): number {
  const text = query.get(name);
  if (text === null || text === "") {
    return fallback;
  }
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new HttpError(400, "invalid_request", `${name}: give a whole number from ${least} to ${most}`);
  }
  return value;
}
