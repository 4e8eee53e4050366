import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface SectionProps {
  readonly title: string;
  readonly note?: string;
  readonly tools?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A titled part of the panel, a landmark to screen readers. */
export function Section({ title, note, tools, children }: SectionProps) {
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <header class="section-head">
        <h2 id={id}>{title}</h2>
        {note !== undefined && <span class="muted">{note}</span>}
        {tools !== undefined && <div class="tools">{tools}</div>}
      </header>
      {children}
    </section>
  );
}

interface ScrollerProps {
  readonly label: string;
  readonly children: ComponentChildren;
}

/** Holds a table that may be wider than the panel. It takes the focus, so that the keyboard can scroll it. */
export function Scroller({ label, children }: ScrollerProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without it, what scrolls out of sight cannot be reached by keyboard.
    <section class="scroller" tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
