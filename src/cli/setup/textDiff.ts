const CONTEXT = 2;

/** Lines that go (`-`) and come (`+`), each stretch with two lines around it; empty where nothing changes. */
export function textDiff(before: string, after: string): string[] {
  const old = lines(before);
  const fresh = lines(after);
  const common = commonLengths(old, fresh);
  const all: string[] = [];
  let a = 0;
  let b = 0;
  while (a < old.length || b < fresh.length) {
    if (a < old.length && b < fresh.length && old[a] === fresh[b]) {
      all.push(`  ${old[a]}`);
      a += 1;
      b += 1;
    } else if (b >= fresh.length || (a < old.length && at(common, a + 1, b) >= at(common, a, b + 1))) {
      all.push(`- ${old[a]}`);
      a += 1;
    } else {
      all.push(`+ ${fresh[b]}`);
      b += 1;
    }
  }
  const near = (index: number) =>
    all.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some((line) => !line.startsWith("  "));
  return all.flatMap((line, index) => (near(index) ? [line] : near(index - 1) ? ["  …"] : []));
}

function lines(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

/** For each pair of tails, how many lines they have in common. */
function commonLengths(old: readonly string[], fresh: readonly string[]): Uint32Array[] {
  const table = Array.from({ length: old.length + 1 }, () => new Uint32Array(fresh.length + 1));
  for (let a = old.length - 1; a >= 0; a -= 1) {
    for (let b = fresh.length - 1; b >= 0; b -= 1) {
      const row = table[a] as Uint32Array;
      row[b] = old[a] === fresh[b] ? at(table, a + 1, b + 1) + 1 : Math.max(at(table, a + 1, b), at(table, a, b + 1));
    }
  }
  return table;
}

function at(table: readonly Uint32Array[], a: number, b: number): number {
  return table[a]?.[b] ?? 0;
}
