import { z } from "zod";
import { DEFAULT_SPENDER, overviewSchema, spenderSchema } from "./api.ts";

/** Local days that the panel can show, today included. */
export const panelRangeSchema = z.literal([7, 30, 90]);
export type PanelRange = z.infer<typeof panelRangeSchema>;
export const DEFAULT_PANEL_RANGE: PanelRange = 30;

/** What of the ledger the panel looks at: so many days, and who spent it. */
export const panelViewSchema = z.strictObject({
  days: panelRangeSchema.default(DEFAULT_PANEL_RANGE),
  by: spenderSchema.default(DEFAULT_SPENDER),
});
export type PanelView = z.infer<typeof panelViewSchema>;

/** From the extension to the panel. A snapshot is always complete: whatever was pushed before may have been missed. */
export const toPanelSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("overview"), overview: overviewSchema }),
  z.object({ type: z.literal("unavailable"), reason: z.string() }),
]);
export type ToPanel = z.infer<typeof toPanelSchema>;

/**
 * What a person can ask for in the panel. `raise`, `allowOnce`, `pause` and `resume` name a budget; `setBudget` names one to
 * change it.
 */
export const panelCommandSchema = z.enum([
  "setBudget",
  "raise",
  "allowOnce",
  "pause",
  "resume",
  "addKey",
  "ask",
  "refresh",
  "showLog",
]);
export type PanelCommand = z.infer<typeof panelCommandSchema>;

/** From the panel to the extension: parsed there, for a webview is the less trusted side. */
export const fromPanelSchema = z.discriminatedUnion("type", [
  /** The panel has come into view and has nothing, or nothing new, or looks at something else: answered with a snapshot. */
  panelViewSchema.extend({ type: z.literal("view") }),
  z.strictObject({ type: z.literal("command"), command: panelCommandSchema, budget: z.string().optional() }),
]);
export type FromPanel = z.infer<typeof fromPanelSchema>;
