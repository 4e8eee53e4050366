import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { formatDay } from "../domain/formats.ts";
import { usdFromNano } from "../domain/money.ts";
import { chartTheme, onThemeChange } from "./chartTheme.ts";

export interface Day {
  readonly day: string;
  readonly costNanoUsd: number;
  readonly calls: number;
}

interface DayChartProps {
  readonly days: readonly Day[];
  readonly label: string;
  /** Called with the day under the pointer, or undefined when it leaves. */
  readonly onPoint: (index: number | undefined) => void;
}

const HEIGHT = 180;

/** A bar for each day. The table beside it says the same in words. */
export function DayChart({ days, label, onPoint }: DayChartProps) {
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const shown = useRef(days);
  shown.current = days;

  useEffect(() => {
    const parent = element.current as HTMLDivElement;
    let theme = chartTheme(parent);
    const made = new uPlot(
      {
        width: parent.clientWidth,
        height: HEIGHT,
        padding: [8, 0, 0, 0],
        legend: { show: false },
        cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
        scales: {
          x: { time: false, range: (_plot, _min, _max) => [-0.5, shown.current.length - 0.5] },
          y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.05 : 1] },
        },
        axes: [
          {
            font: theme.font,
            stroke: () => theme.text,
            grid: { show: false },
            ticks: { show: false },
            border: { show: true, stroke: () => theme.grid, width: 1 },
            size: 27,
            gap: 7,
            space: 64,
            incrs: [1, 2, 5, 10, 15, 30],
            values: (_plot, splits) => splits.map((index) => dayLabel(shown.current[index])),
          },
          {
            font: theme.font,
            stroke: () => theme.text,
            grid: { stroke: () => theme.grid, width: 1 },
            ticks: { show: false },
            gap: 6,
            space: 32,
            size: (_plot, values) => 14 + 6.5 * Math.max(0, ...(values ?? []).map((value) => value.length)),
            values: (_plot, splits, _axis, _space, increment) => splits.map((usd) => dollarLabel(usd, increment)),
          },
        ],
        series: [
          {},
          {
            fill: () => theme.bar,
            width: 0,
            points: { show: false },
            ...barPaths(),
          },
        ],
        hooks: { setCursor: [(self) => onPoint(self.cursor.idx ?? undefined)] },
      },
      dataOf(shown.current),
      parent,
    );
    plot.current = made;
    const resized = new ResizeObserver(() => {
      if (parent.clientWidth > 0 && parent.clientWidth !== made.width) {
        made.setSize({ width: parent.clientWidth, height: HEIGHT });
      }
    });
    resized.observe(parent);
    const endTheme = onThemeChange(() => {
      theme = chartTheme(parent);
      made.redraw(false);
    });
    return () => {
      endTheme();
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [onPoint]);

  useEffect(() => {
    plot.current?.setData(dataOf(days));
  }, [days]);

  return <div class="chart" ref={element} role="img" aria-label={label} />;
}

function barPaths(): { paths?: uPlot.Series.PathBuilder } {
  const paths = uPlot.paths.bars?.({ size: [0.72, 28], radius: [0.12, 0] });
  return paths === undefined ? {} : { paths };
}

function dataOf(days: readonly Day[]): uPlot.AlignedData {
  return [days.map((_day, index) => index), days.map((day) => usdFromNano(day.costNanoUsd))];
}

function dayLabel(day: Day | undefined): string {
  return day === undefined ? "" : formatDay(day.day);
}

function dollarLabel(usd: number, increment: number): string {
  const decimals = increment >= 1 ? 0 : Math.max(2, Math.ceil(-Math.log10(increment) - 1e-9));
  return `$${usd.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals })}`;
}
