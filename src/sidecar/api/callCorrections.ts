import { z } from "zod";
import type { Call } from "../../domain/call.ts";
import type { Correction } from "../../domain/events.ts";
import type { BookReader } from "../../ledger/bookReader.ts";
import type { Gatekeeper } from "../gatekeeper.ts";
import { HttpError } from "./http.ts";

export const releaseRequestSchema = z.strictObject({ by: z.string().min(1), why: z.string().min(1) });

/** What was corrected of a booked call, oldest first. @throws HttpError where no call has the id */
export function correctionsOf(books: BookReader, id: string): { corrections: Correction[] } {
  bookedCall(books, id);
  return { corrections: books.correctionsOf(id) };
}

/**
 * Takes the charge off a call that a crash interrupted, of which a person knows that it cost nothing. The record keeps who
 * did it, why, and what it was. @throws HttpError where no call has the id, or its cost is not a guess after a crash
 */
export async function releaseCall(
  books: BookReader,
  gatekeeper: Gatekeeper,
  id: string,
  { by, why }: z.infer<typeof releaseRequestSchema>,
): Promise<Call> {
  const call = bookedCall(books, id);
  if (call.status !== "interrupted") {
    throw new HttpError(409, "not_interrupted", `The call ${id} was not interrupted: what it cost is known`);
  }
  if (call.errorType === "released") {
    return call;
  }
  const released: Call = { ...call, costNanoUsd: 0, errorType: "released" };
  await gatekeeper.correct(call, released, by, why);
  return released;
}

function bookedCall(books: BookReader, id: string): Call {
  const call = books.callById(id);
  if (call === null) {
    throw new HttpError(404, "not_found", `No booked call has the id ${id}`);
  }
  return call;
}
