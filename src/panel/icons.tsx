const SHAPES = {
  good: "M3 8.5 6.5 12 13 4.5",
  bad: "M8 1.75a6.25 6.25 0 1 0 0 12.5a6.25 6.25 0 0 0 0-12.5M5.5 5.5l5 5M10.5 5.5l-5 5",
  warning: "M8 2 14.5 13.5h-13ZM8 6.25v3.5M8 11.25v.75",
  muted: "M8 1.75a6.25 6.25 0 1 0 0 12.5a6.25 6.25 0 0 0 0-12.5M5 8h6",
  refused: "M8 1.75a6.25 6.25 0 1 0 0 12.5a6.25 6.25 0 0 0 0-12.5M3.6 12.4l8.8-8.8",
  paused: "M5.5 3.5v9M10.5 3.5v9",
  refresh: "M13.25 8a5.25 5.25 0 1 1-1.6-3.75M13.5 1.75v3h-3",
  table: "M2 3h12v10H2ZM2 6.5h12M2 9.75h12M6.5 6.5V13",
  chart: "M2 13.5h12M4 13v-4M8 13V3.5M12 13V7",
} as const;

export type IconName = keyof typeof SHAPES;

/** A drawing beside words that say the same. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={SHAPES[name]} />
    </svg>
  );
}
