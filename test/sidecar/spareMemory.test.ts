import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { SpareMemory } from "../../src/sidecar/spareMemory.ts";
import { runLoad } from "../bench/load.ts";
import { residentMb } from "../bench/processes.ts";
import { RunningSidecar } from "./runSidecar.ts";

const MB = 1_024 * 1_024;
const ANSWER = JSON.stringify({
  model: "gpt-4o-mini",
  choices: [{ index: 0, message: { role: "assistant", content: "Little." }, finish_reason: "stop" }],
  usage: { prompt_tokens: 20, completion_tokens: 6, total_tokens: 26 },
});

describe("memory that calls leave behind", function () {
  this.timeout(60_000);

  it("is given back when nothing is under way, again while that frees much, and not where little has grown since", () => {
    let isBusy = true;
    let resident = 200;
    let left = 150;
    let collected = 0;
    const spare = new SpareMemory({
      isBusy: () => isBusy,
      resident: () => resident * MB,
      collect: () => {
        collected += 1;
        resident = left;
      },
    });
    assert.deepEqual([spare.look(), collected], [true, 0], "it waits for the calls under way");
    isBusy = false;
    assert.deepEqual([spare.look(), collected], [true, 1]);
    left = 145;
    assert.deepEqual([spare.look(), collected], [false, 2], "little was left to free");
    resident = 155;
    assert.deepEqual([spare.look(), collected], [false, 2], "little has come since");
    resident = 170;
    assert.deepEqual([spare.look(), collected], [true, 3]);
  });

  it("leaves the real process when a burst of calls is over", async function () {
    if (!existsSync("/proc/self/status")) {
      this.skip();
    }
    const provider = createServer((request, response) => {
      request.resume().on("end", () => response.writeHead(200, { "content-type": "application/json" }).end(ANSWER));
    });
    await new Promise<void>((listening) => provider.listen(0, "127.0.0.1", listening));
    const baseUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/v1`;
    const config = { providers: { openai: { protocol: "openai", baseUrl } } };
    const sidecar = await RunningSidecar.start(config, { args: ["--quiet", "2000"] });
    try {
      const { openai } = await sidecar.urls();
      const body = JSON.stringify({ model: "gpt-4o-mini", max_tokens: 9, messages: [{ role: "user", content: "Hi" }] });
      const url = `${openai}/chat/completions`;
      await runLoad({ url, headers: {}, body, connections: 64, warmUpMs: 0, measureMs: 3_000 });
      const after = residentMb(sidecar.pid);
      while (residentMb(sidecar.pid) > after - 16) {
        await pause(200);
      }
      const { usage } = (await (await fetch(url, { method: "POST", body })).json()) as {
        usage: { total_tokens: number };
      };
      assert.equal(usage.total_tokens, 26, "it works on");
    } finally {
      await sidecar.remove();
      provider.closeAllConnections();
      provider.close();
    }
  });
});
