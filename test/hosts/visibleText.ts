/** Text as a person reads it: no icon-font characters, no-break and zero-width spaces made plain, runs of spaces as one. */
export function visibleText(raw: string): string {
  return raw
    .replace(/[\u200b-\u200f\u2060\ufeff\ue000-\uf8ff]/g, "")
    .replace(/[\s\u00a0]+/g, " ")
    .trim();
}
