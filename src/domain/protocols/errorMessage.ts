import { z } from "zod";

const text = z.string().min(1);
/** Each family's errors, from `{"error": {"message"}}` over `{"error": "…"}` to `{"message"}` and FastAPI's `{"detail"}`. */
const errorSchema = z.union([
  z.object({ error: z.object({ message: text }) }).transform(({ error }) => error.message),
  z.object({ error: text }).transform(({ error }) => error),
  z.object({ message: text }).transform(({ message }) => message),
  z.object({ detail: text }).transform(({ detail }) => detail),
]);

/** What a provider says in the body of an error; null where it says nothing that can be read. Google sends lists of one. */
export function errorMessageOf(body: string): string | null {
  try {
    const parsed: unknown = JSON.parse(body);
    return errorSchema.safeParse(Array.isArray(parsed) ? parsed[0] : parsed).data ?? null;
  } catch {
    return null;
  }
}
