/** A column of a table. Numbers stand to the right; a column that may shrink loses its ends where the terminal is narrow. */
export interface Column {
  readonly title: string;
  readonly right?: boolean;
  readonly mayShrink?: boolean;
}

const GAP = "  ";
const NARROWEST = 6;

/** Lines of a table that fits into `width` characters as far as its columns may shrink. */
export function tableLines(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string[] {
  const clean = rows.map((row) => columns.map((_, index) => oneLine(row[index] ?? "")));
  const widths = columns.map(({ title }, index) =>
    Math.max(lengthOf(title), ...clean.map((row) => lengthOf(row[index] ?? ""))),
  );
  shrink(columns, widths, width - GAP.length * (columns.length - 1));
  const line = (cells: readonly string[]) =>
    columns
      .map(({ right }, index) => cellText(cells[index] ?? "", widths[index] ?? 0, right === true))
      .join(GAP)
      .trimEnd();
  return [line(columns.map(({ title }) => title)), ...clean.map(line)];
}

/** Takes from the widest of those that may shrink, one character at a time. */
function shrink(columns: readonly Column[], widths: number[], room: number): void {
  let total = widths.reduce((sum, width) => sum + width, 0);
  while (total > room) {
    let widest = -1;
    for (const [index, width] of widths.entries()) {
      const shrinkable = columns[index]?.mayShrink === true && width > NARROWEST;
      if (shrinkable && (widest < 0 || width > (widths[widest] ?? 0))) {
        widest = index;
      }
    }
    if (widest < 0) {
      return;
    }
    widths[widest] = (widths[widest] ?? 0) - 1;
    total -= 1;
  }
}

function cellText(text: string, width: number, right: boolean): string {
  const length = lengthOf(text);
  if (length > width) {
    return `${[...text].slice(0, Math.max(0, width - 1)).join("")}…`;
  }
  const padding = " ".repeat(width - length);
  return right ? padding + text : text + padding;
}

/** Names come from outside: what would move the cursor or break the line is not shown. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, " ");
}

function lengthOf(text: string): number {
  return [...text].length;
}
