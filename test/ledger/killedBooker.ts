/** Books calls as fast as it can and prints the id of each one that is acknowledged, until it is killed. */
import { Ledger } from "../../src/ledger/ledger.ts";
import { NOON, sampleCall, sampleHeld } from "./samples.ts";

const [dir = "", round = "0"] = process.argv.slice(2);
const ledger = await Ledger.open({
  dir,
  now: () => NOON,
  segmentBytes: 60_000,
  snapshotEveryEvents: 200,
  archiveEveryMs: 0,
});
for (const { held } of ledger.openHolds()) {
  await ledger.append({ type: "call.settled", call: sampleCall({ id: held.id, status: "interrupted" }) });
}
process.stdout.write("open\n");

async function caller(name: number): Promise<void> {
  for (let index = 0; ; index += 1) {
    const id = `${round}-${name}-${index}`;
    ledger.appendSoon({ type: "call.held", held: sampleHeld({ id }) });
    // Calls of a past month take it back from its archive, which the next snapshot makes anew.
    const at = NOON + index * 1_000 - (index % 50 === 0 ? 60 * 86_400_000 : 0);
    await ledger.append({
      type: "call.settled",
      call: sampleCall({ id, at, costNanoUsd: index + 1, model: `gpt-${name % 3}` }),
    });
    process.stdout.write(`${id}\n`);
  }
}

await Promise.all(Array.from({ length: 8 }, (_, name) => caller(name)));
