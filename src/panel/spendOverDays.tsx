import { useState } from "preact/hooks";
import { formatCount, formatDay } from "../domain/formats.ts";
import { formatUsd } from "../domain/money.ts";
import type { PanelRange } from "../domain/panelMessages.ts";
import { Amount, decimalsOf } from "./amounts.tsx";
import { type Day, DayChart } from "./dayChart.tsx";
import { Icon } from "./icons.tsx";
import { PANEL_RANGES } from "./panelState.ts";
import { Section } from "./section.tsx";

interface SpendOverDaysProps {
  readonly days: readonly Day[];
  readonly range: PanelRange;
  readonly asTable: boolean;
  readonly onRange: (range: PanelRange) => void;
  readonly onAsTable: (asTable: boolean) => void;
}

/** Spend a day, as a chart, and as the table that the chart is drawn from. */
export function SpendOverDays({ days, range, asTable, onRange, onAsTable }: SpendOverDaysProps) {
  const [pointed, setPointed] = useState<number>();
  const total = days.reduce((sum, day) => sum + day.costNanoUsd, 0);
  const day = asTable || pointed === undefined ? undefined : days[pointed];
  return (
    <Section
      title="Spend over days"
      note={day === undefined ? `${formatUsd(total)} in ${days.length} days` : dayInWords(day)}
      tools={
        <>
          <fieldset class="choice">
            <legend class="unseen">Days shown</legend>
            {PANEL_RANGES.map((choice) => (
              <button type="button" key={choice} aria-pressed={choice === range} onClick={() => onRange(choice)}>
                {choice} days
              </button>
            ))}
          </fieldset>
          <button
            type="button"
            class="quiet square"
            aria-pressed={asTable}
            aria-label="Show as table"
            title={asTable ? "Show as chart" : "Show as table"}
            onClick={() => onAsTable(!asTable)}
          >
            <Icon name={asTable ? "chart" : "table"} />
          </button>
        </>
      }
    >
      {!asTable && <DayChart days={days} label={chartInWords(days, total)} onPoint={setPointed} />}
      <div class={asTable ? "day-table" : "unseen"}>
        <DayTable days={days} total={total} />
      </div>
    </Section>
  );
}

function DayTable({ days, total }: { readonly days: readonly Day[]; readonly total: number }) {
  const align = decimalsOf([total, ...days.map((day) => day.costNanoUsd)]);
  return (
    <table>
      <caption class="unseen">Spend over days</caption>
      <thead>
        <tr>
          <th scope="col">Day</th>
          <th scope="col" class="number">
            Cost
          </th>
          <th scope="col" class="number">
            Calls
          </th>
        </tr>
      </thead>
      <tbody>
        {days.toReversed().map((day) => (
          <tr key={day.day}>
            <th scope="row">{formatDay(day.day, { weekday: true })}</th>
            <td class="number">
              <Amount nanoUsd={day.costNanoUsd} align={align} />
            </td>
            <td class="number">{formatCount(day.calls)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">Total</th>
          <td class="number">
            <Amount nanoUsd={total} align={align} />
          </td>
          <td class="number">{formatCount(days.reduce((sum, day) => sum + day.calls, 0))}</td>
        </tr>
      </tfoot>
    </table>
  );
}

function dayInWords(day: Day): string {
  const calls = `${formatCount(day.calls)} ${day.calls === 1 ? "call" : "calls"}`;
  return `${formatDay(day.day, { weekday: true })}: ${formatUsd(day.costNanoUsd)}, ${calls}`;
}

function chartInWords(days: readonly Day[], total: number): string {
  const dearest = days.reduce<Day | undefined>(
    (most, day) => (most === undefined || day.costNanoUsd > most.costNanoUsd ? day : most),
    undefined,
  );
  const text = `Bar chart of spend over ${days.length} days, ${formatUsd(total)} in all`;
  return dearest === undefined || total === 0
    ? text
    : `${text}, most on ${formatDay(dearest.day)} with ${formatUsd(dearest.costNanoUsd)}`;
}
