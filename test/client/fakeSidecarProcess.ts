import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startFakeSidecar } from "./fakeSidecar.ts";

/** A sidecar's process as a client starts it; `FAKE_SIDECAR` says how it behaves. Every start is noted in the data folder. */
const { values } = parseArgs({
  options: { "data-dir": { type: "string" }, grace: { type: "string" }, json: { type: "boolean" } },
});
const dataDir = values["data-dir"] ?? "";
appendFileSync(join(dataDir, "starts"), `${process.pid}\n`);
const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);

switch (process.env.FAKE_SIDECAR) {
  case "throws":
    throw new Error("the ledger is made of cheese");
  case "fails":
    say({ ready: false, reason: "failed", message: "config.json: budgets: two budgets have the same name" });
    process.exit(1);
    break;
  case "silent":
    process.exit(7);
    break;
  case "loses":
    say({ ready: false, reason: "already-running" });
    process.exit(0);
    break;
  default: {
    const fake = await startFakeSidecar({
      dataDir,
      version: process.env.FAKE_VERSION ?? "0.1.0",
      onShutdown: () => void fake.stop().then(() => process.exit(0)),
    });
    say({ ready: true, url: fake.url, pid: process.pid, dataDir });
  }
}
