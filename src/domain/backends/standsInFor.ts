import { z } from "zod";

/** What was asked for where another backend took a call, and why: it failed, or a budget had been spent so far. */
export const standsInForSchema = z.object({
  provider: z.string(),
  model: z.string(),
  why: z.enum(["failure", "budget"]),
  /** The budget; null for a failure. */
  budget: z.string().nullable(),
});
export type StandsInFor = z.infer<typeof standsInForSchema>;

/** The header in which a client of ours says it, as URI-encoded JSON. */
export const STANDS_IN_HEADER = "x-tollgate-stands-in-for";

export function standsInHeader(standsInFor: StandsInFor): string {
  return encodeURIComponent(JSON.stringify(standsInFor));
}

/** Null where the header says nothing that makes sense. */
export function readStandsInHeader(text: string | null): StandsInFor | null {
  try {
    return text === null ? null : standsInForSchema.parse(JSON.parse(decodeURIComponent(text)));
  } catch {
    return null;
  }
}
