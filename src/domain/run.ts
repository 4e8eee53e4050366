/** A run of `tollgate run`, as its tag, its budget's name and its pass name it: ten random hex digits. */
const RUN = /^run-[0-9a-f]{10}$/;

export function isRun(name: string): boolean {
  return RUN.test(name);
}

/** The run that a caller's tags name; null where there is none. */
export function runAmong(tags: readonly string[]): string | null {
  return tags.find(isRun) ?? null;
}
