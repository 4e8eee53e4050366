export interface ChartTheme {
  readonly bar: string;
  readonly text: string;
  readonly grid: string;
  readonly font: string;
}

/** The colours that the theme gives at this moment: a canvas cannot use CSS variables. */
export function chartTheme(element: Element): ChartTheme {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  return {
    bar: colour("--chart-bar"),
    text: colour("--chart-text"),
    grid: colour("--chart-grid"),
    font: `11px ${style.fontFamily}`,
  };
}

/** Calls back when the theme changes; the function given back ends that. VS Code tells by attributes of body and root. */
export function onThemeChange(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.body, { attributes: true, attributeFilter: ["class", "data-vscode-theme-id"] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["style"] });
  return () => observer.disconnect();
}
