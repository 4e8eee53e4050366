/** Whether a version (`1.2.3`, `1.2.3-beta.1`) comes after another; a text that is no version comes before all. */
export function isNewer(version: string, than: string): boolean {
  const one = parse(version);
  const other = parse(than);
  if (one === null || other === null) {
    return one !== null;
  }
  for (let index = 0; index < 3; index += 1) {
    const difference = (one.numbers[index] ?? 0) - (other.numbers[index] ?? 0);
    if (difference !== 0) {
      return difference > 0;
    }
  }
  // A release comes after its own pre-releases; among those a rough order will do.
  return one.pre === "" ? other.pre !== "" : other.pre !== "" && one.pre > other.pre;
}

function parse(version: string): { numbers: number[]; pre: string } | null {
  const match = /^(\d+)\.(\d+)\.(\d+)(?:-([^+]+))?(?:\+.*)?$/.exec(version);
  return match === null ? null : { numbers: match.slice(1, 4).map(Number), pre: match[4] ?? "" };
}
