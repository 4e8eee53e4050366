/** A column of a table. Numbers stand to the right; a column that may shrink loses its ends where the terminal is narrow. */
export interface Column {
  readonly title: string;
  readonly right?: boolean;
  readonly mayShrink?: boolean;
  /** Where the terminal is narrower still, the column is left out; the one with the greatest rank goes first. */
  readonly rank?: number;
}

const GAP = "  ";
const NARROWEST = 6;
/** Names that tell the rows apart keep so much as long as another column can go. */
const TELLING = 22;

/**
 * Lines of a table that fits into `width` columns of the terminal: names are shortened, then columns left out, which the last
 * line tells. Numbers are never cut.
 */
export function tableLines(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string[] {
  const clean = rows.map((row) => columns.map((_, index) => oneLine(row[index] ?? "")));
  const widths = columns.map(({ title }, index) =>
    Math.max(widthOf(title), ...clean.map((row) => widthOf(row[index] ?? ""))),
  );
  const shown = columnsThatFit(columns, widths, width);
  const room = width - GAP.length * (shown.length - 1);
  shrink(columns, widths, shown, room, telling);
  shrink(columns, widths, shown, room, () => NARROWEST);
  const line = (cells: readonly string[]) =>
    shown
      .map((index) => cellText(cells[index] ?? "", widths[index] ?? 0, columns[index]?.right === true))
      .join(GAP)
      .trimEnd();
  const missing = columns.filter((_, index) => !shown.includes(index)).map(({ title }) => title);
  return [
    line(columns.map(({ title }) => title)),
    ...clean.map(line),
    ...(missing.length === 0 ? [] : [`No room for ${missing.join(", ")}`]),
  ];
}

/** The columns, by their index, that have room when all that may shrink have. */
function columnsThatFit(columns: readonly Column[], widths: readonly number[], width: number): number[] {
  let shown = columns.map((_, index) => index);
  const least = (index: number) =>
    columns[index]?.mayShrink === true ? Math.min(telling(columns[index]), widths[index] ?? 0) : (widths[index] ?? 0);
  const needed = () => shown.reduce((sum, index) => sum + least(index) + GAP.length, -GAP.length);
  const ranked = shown
    .filter((index) => columns[index]?.rank !== undefined)
    .sort((a, b) => (columns[b]?.rank ?? 0) - (columns[a]?.rank ?? 0));
  for (const goes of ranked) {
    if (needed() <= width) {
      break;
    }
    shown = shown.filter((index) => index !== goes);
  }
  return shown;
}

function telling(column: Column | undefined): number {
  return column?.rank === undefined ? TELLING : NARROWEST;
}

/** Takes from the widest of those that may shrink, one character at a time, down to the least that each is to keep. */
function shrink(
  columns: readonly Column[],
  widths: number[],
  shown: readonly number[],
  room: number,
  least: (column: Column | undefined) => number,
): void {
  let total = shown.reduce((sum, index) => sum + (widths[index] ?? 0), 0);
  while (total > room) {
    let widest = -1;
    for (const index of shown) {
      const width = widths[index] ?? 0;
      if (
        columns[index]?.mayShrink === true &&
        width > least(columns[index]) &&
        (widest < 0 || width > (widths[widest] ?? 0))
      ) {
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
  const cut = widthOf(text) > width ? `${beginning(text, width - 1)}…` : text;
  const padding = " ".repeat(Math.max(0, width - widthOf(cut)));
  return right ? padding + cut : cut + padding;
}

/** As much of a text as takes no more than `width` columns. */
function beginning(text: string, width: number): string {
  let kept = "";
  let taken = 0;
  for (const { segment } of characters.segment(text)) {
    taken += characterWidth(segment);
    if (taken > width) {
      break;
    }
    kept += segment;
  }
  return kept;
}

/** Names come from outside: what would move the cursor or break the line is not shown. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, " ");
}

/** Columns of the terminal that a text takes: two for a character of East Asia, or a picture. */
function widthOf(text: string): number {
  if (PLAIN.test(text)) {
    return text.length;
  }
  let width = 0;
  for (const { segment } of characters.segment(text)) {
    width += characterWidth(segment);
  }
  return width;
}

function characterWidth(character: string): number {
  return WIDE.test(character) ? 2 : 1;
}

const characters = new Intl.Segmenter("en", { granularity: "grapheme" });
const PLAIN = /^[\x20-\x7e]*$/;
const WIDE =
  /^[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff01-\uff60]/u;
