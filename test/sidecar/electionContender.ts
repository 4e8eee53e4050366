import { socketPath } from "../../src/domain/dataFolder.ts";
import { elect } from "../../src/sidecar/election.ts";

/** Takes part in one election when told to, says how it ended, and stays until it is ended. */
const [dataDir = ""] = process.argv.slice(2);
process.stdout.write("here\n");
process.stdin.once("data", async () => {
  const handshake = { protocol: 1, version: "0.0.0", pid: process.pid, url: "http://127.0.0.1:1", dataDir };
  const result = await elect(dataDir, socketPath(dataDir, process.platform, "/tmp"), async () => handshake);
  process.stdout.write(
    `${JSON.stringify(result.kind === "owner" ? { owner: process.pid } : { other: result.handshake?.pid })}\n`,
  );
});
