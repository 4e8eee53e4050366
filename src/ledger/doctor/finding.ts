/** A `fault` is damage; a `note` is worth knowing and harms nothing. The text is for people. */
export interface Finding {
  readonly kind: "fault" | "note";
  readonly text: string;
}

export function fault(text: string): Finding {
  return { kind: "fault", text };
}

export function note(text: string): Finding {
  return { kind: "note", text };
}

/** "1 entry", "2 entries". */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
