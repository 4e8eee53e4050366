import { DEFAULT_SPENDER, type Spender } from "../domain/api.ts";
import type { PanelRange } from "../domain/panelMessages.ts";
import { MODEL_COLUMNS, type ModelColumnKey } from "./modelColumns.ts";
import { SPENDERS } from "./spenders.ts";

export const PANEL_RANGES: readonly PanelRange[] = [7, 30, 90];

/** What the panel remembers of how it is looked at: never any figures. */
export interface PanelState {
  readonly range: PanelRange;
  readonly spender: Spender;
  readonly sort: { readonly by: ModelColumnKey; readonly descending: boolean };
  /** Whether spend over days stands as a table instead of a chart. */
  readonly daysAsTable: boolean;
  /** px from the top. */
  readonly scroll: number;
}

export const FIRST_STATE: PanelState = {
  range: 30,
  spender: DEFAULT_SPENDER,
  sort: { by: "cost", descending: true },
  daysAsTable: false,
  scroll: 0,
};

/** What was saved, as far as this version understands it. */
export function restoredState(saved: unknown): PanelState {
  if (typeof saved !== "object" || saved === null) {
    return FIRST_STATE;
  }
  const state = saved as { [K in keyof PanelState]?: unknown };
  const sort = state.sort as Partial<PanelState["sort"]> | undefined;
  return {
    range: PANEL_RANGES.find((range) => range === state.range) ?? FIRST_STATE.range,
    spender: SPENDERS.find(({ by }) => by === state.spender)?.by ?? FIRST_STATE.spender,
    sort:
      typeof sort === "object" && MODEL_COLUMNS.some((column) => column.key === sort.by)
        ? { by: sort.by as ModelColumnKey, descending: sort.descending === true }
        : FIRST_STATE.sort,
    daysAsTable: state.daysAsTable === true,
    scroll: typeof state.scroll === "number" ? state.scroll : 0,
  };
}
