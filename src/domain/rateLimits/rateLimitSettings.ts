import { z } from "zod";

const pattern = z.string().min(1).max(300).optional();

/** A limit for the calls that its patterns cover; an absent one covers everything, `*` any run of characters. */
export const rateLimitSchema = z
  .strictObject({
    provider: pattern,
    model: pattern,
    tool: pattern,
    user: pattern,
    project: pattern,
    /** Counts apart for each value of this; absent: all together. */
    each: z.enum(["provider", "model", "tool", "user", "project"]).optional(),
    requestsPerMinute: z.int().min(1).max(10_000_000).optional(),
    /** Input and output together. */
    tokensPerMinute: z.int().min(1).max(1_000_000_000_000).optional(),
  })
  .refine(
    ({ requestsPerMinute, tokensPerMinute }) => requestsPerMinute !== undefined || tokensPerMinute !== undefined,
    "names no limit: give requestsPerMinute, tokensPerMinute or both",
  );
export type RateLimit = z.infer<typeof rateLimitSchema>;

export const rateLimitSettingsSchema = z.strictObject({
  rules: z.array(rateLimitSchema).max(200).default([]),
  /** How long, in ms, a call waits for room before it is answered with 429. */
  waitMs: z.int().min(0).max(600_000).default(10_000),
  /** Whether calls wait, too, for as long as the provider itself says that it has no room. */
  obeyProviders: z.boolean().default(true),
});
export type RateLimitSettings = z.infer<typeof rateLimitSettingsSchema>;
