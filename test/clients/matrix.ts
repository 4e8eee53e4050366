import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "./client.ts";

const DOCUMENT = join(import.meta.dirname, "../../docs/clients.md");
const BEGIN = "<!-- What follows is written by: npm run test:clients -- --matrix -->\n";
const END = "<!-- until here -->\n";

const HEAD = `
| client | version | sent through the gate by | tokens and cost | tool | session | when its budget is spent |
| --- | --- | --- | --- | --- | --- | --- |
`.trimStart();

/** The table of docs/clients.md, of clients that were seen to do all that is asked of them. */
export function matrixOf(seen: readonly Client[]): string {
  const rows = seen.map(({ name, packageName, version, pointedBy, tool, hasSessions, callsWhenSpent }) => {
    const session = hasSessions ? "named" : "names none";
    const calls = callsWhenSpent === 1 ? "one call" : `${callsWhenSpent} calls at once`;
    return `| ${name} (\`${packageName}\`) | ${version} | ${pointedBy} | exact | \`${tool}\` | ${session} | ${calls}, none reaches the provider; shows why and ends |\n`;
  });
  return HEAD + rows.join("");
}

/** The table as it stands in the document. */
export async function readMatrix(): Promise<string> {
  const { text, from, to } = await place();
  return text.slice(from, to);
}

export async function writeMatrix(matrix: string): Promise<void> {
  const { text, from, to } = await place();
  await writeFile(DOCUMENT, text.slice(0, from) + matrix + text.slice(to));
}

async function place(): Promise<{ text: string; from: number; to: number }> {
  const text = await readFile(DOCUMENT, "utf8");
  const from = text.indexOf(BEGIN) + BEGIN.length;
  const to = text.indexOf(END);
  if (from < BEGIN.length || to < from) {
    throw new Error("docs/clients.md has no place for the table");
  }
  return { text, from, to };
}
