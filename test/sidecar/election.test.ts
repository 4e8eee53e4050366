import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const CONTENDERS = 8;
/** `npm run prove` does more. */
const ROUNDS = Number(process.env.TOLLGATE_ELECTION_ROUNDS ?? 4);

interface Contender {
  readonly process: ChildProcess;
  nextLine(): Promise<string>;
}

function startContender(dataDir: string): Contender {
  const child = spawn(process.execPath, [join(import.meta.dirname, "electionContender.ts"), dataDir], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  return { process: child, nextLine: async () => (await lines.next()).value as string };
}

async function kill(contender: Contender): Promise<void> {
  const ended = once(contender.process, "exit");
  contender.process.kill("SIGKILL");
  await ended;
}

describe("the election of one sidecar", function () {
  this.timeout(60_000 + ROUNDS * 20_000);
  let dataDir = "";

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), "tollgate-election-"));
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  it("ends with one owner whom all others find, also after an owner was killed and left its socket", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const contenders = Array.from({ length: CONTENDERS }, () => startContender(dataDir));
      try {
        await Promise.all(contenders.map((contender) => contender.nextLine()));
        for (const contender of contenders) {
          contender.process.stdin?.write("go\n");
        }
        const answers = await Promise.all(
          contenders.map(
            async (contender) => JSON.parse(await contender.nextLine()) as { owner?: number; other?: number },
          ),
        );
        const owners = answers.flatMap(({ owner }) => (owner === undefined ? [] : [owner]));
        assert.equal(owners.length, 1, `round ${round}: ${JSON.stringify(answers)}`);
        assert.ok(answers.every(({ owner, other }) => (owner ?? other) === owners[0]));
      } finally {
        // The owner is killed too: the next round finds a stale socket.
        await Promise.all(contenders.map(kill));
      }
    }
  });

  it("breaks a lock that was left behind unsigned, or signed with what is another process's number by now", async () => {
    for (const signature of ["", String(process.pid)]) {
      const lock = join(dataDir, "election.lock");
      writeFileSync(lock, signature);
      const longAgo = new Date(Date.now() - 3_600_000);
      utimesSync(lock, longAgo, longAgo);
      const contender = startContender(dataDir);
      await contender.nextLine();
      contender.process.stdin?.write("go\n");
      assert.deepEqual(JSON.parse(await contender.nextLine()), { owner: contender.process.pid });
      await kill(contender);
    }
  });

  it("breaks the lock of a process that died inside it", async () => {
    const dead = startContender(dataDir);
    await dead.nextLine();
    const { pid } = dead.process;
    await kill(dead);
    writeFileSync(join(dataDir, "election.lock"), String(pid));
    const contender = startContender(dataDir);
    await contender.nextLine();
    contender.process.stdin?.write("go\n");
    assert.deepEqual(JSON.parse(await contender.nextLine()), { owner: contender.process.pid });
    await kill(contender);
  });
});
