import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { parseArgs } from "node:util";

/**
 * `npm run prove`: the proofs that `npm test` runs in a shortened form, at full length. `--rounds N` sets how often the
 * sidecar is killed, `--elections N` how often eight processes want to be the owner, `--calls N` how many calls storm the
 * budgets, `--only kill|computeKill|election|storm|agentDay|powerCut` chooses one, `--seed N` makes other random choices.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "200" },
    elections: { type: "string", default: "50" },
    calls: { type: "string", default: "1000" },
    seed: { type: "string", default: "20261121" },
    only: { type: "string" },
  },
});

const root = join(import.meta.dirname, "../..");
const PROOFS = [
  "sidecar/storm",
  "sidecar/agentDay",
  "sidecar/kill",
  "sidecar/computeKill",
  "sidecar/election",
  "ledger/powerCut",
];
const chosen = PROOFS.filter((proof) => values.only === undefined || proof.endsWith(`/${values.only}`));
if (chosen.length === 0) {
  console.error(`There is no proof "${values.only}".`);
  process.exit(2);
}
const child = spawn(
  process.execPath,
  [join(root, "scripts/runSuite.ts"), String(60_000), ...chosen.map((proof) => join(root, "test", `${proof}.test.ts`))],
  {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    env: {
      ...process.env,
      TOLLGATE_KILL_ROUNDS: values.rounds,
      TOLLGATE_KILL_SEED: values.seed,
      TOLLGATE_ELECTION_ROUNDS: values.elections,
      TOLLGATE_STORM_CALLS: values.calls,
      TOLLGATE_STORM_SEED: values.seed,
    },
  },
);
const [code] = await once(child, "exit");
process.exitCode = code ?? 1;
