/** Assembles src/domain/protocols/jsonOutline.wat into jsonOutlineWasm.ts, which is committed: only tests assemble it again. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import loadWabt from "wabt";

const FOLDER = join(import.meta.dirname, "..", "src", "domain", "protocols");
const SOURCE = join(FOLDER, "jsonOutline.wat");
export const ASSEMBLED = join(FOLDER, "jsonOutlineWasm.ts");

/** The text of jsonOutlineWasm.ts as it follows from its source. */
export async function assembledOutline(): Promise<string> {
  const wabt = await loadWabt();
  const module = wabt.parseWat(SOURCE, readFileSync(SOURCE, "utf8"), { simd: true, bulk_memory: true });
  module.validate();
  const base64 = Buffer.from(module.toBinary({}).buffer).toString("base64");
  module.destroy();
  const lines = base64.match(/.{1,110}/g) ?? [];
  return `/** In base64. Made from jsonOutline.wat by \`node scripts/assembleOutline.ts\`. */
export const OUTLINE_WASM =
${lines.map((line) => `  "${line}"`).join(" +\n")};
`;
}

if (import.meta.main) {
  writeFileSync(ASSEMBLED, await assembledOutline());
}
