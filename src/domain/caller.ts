import { z } from "zod";

const name = z.string().min(1).max(200);

/** Who makes a call: what a pass stands for, and what a budget's scope can match. */
export const callerSchema = z.object({
  project: name.optional(),
  tool: name.optional(),
  user: name.optional(),
  tags: z.array(name).max(20).default([]),
  /** The absolute path of the folder that is worked in: its Git branch is noted with each call. No scope matches it. */
  folder: z
    .string()
    .max(4_096)
    .regex(/^([/\\]|[A-Za-z]:[/\\])/, "must be an absolute path")
    .optional(),
});

export type Caller = z.infer<typeof callerSchema>;
