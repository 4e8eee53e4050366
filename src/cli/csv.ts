/** One line of CSV (RFC 4180), without its end. A cell with a comma, a quote or a line's end is quoted; null is empty. */
export function csvLine(cells: ReadonlyArray<string | number | boolean | null>): string {
  return cells.map(csvCell).join(",");
}

function csvCell(cell: string | number | boolean | null): string {
  const text = cell === null ? "" : String(cell);
  return /[",\r\n]/.test(text) || text.trim() !== text ? `"${text.replaceAll('"', '""')}"` : text;
}
