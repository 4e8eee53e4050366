import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { parseConfig } from "../../src/domain/config.ts";
import { CoolingOff } from "../../src/sidecar/backends/coolingOff.ts";
import { Departure } from "../../src/sidecar/departure.ts";
import { CallLimits } from "../../src/sidecar/limits/callLimits.ts";

const DAY = 86_400_000;

describe("a clock that is set far ahead and back", () => {
  it("leaves a limit of requests a minute what it is", async () => {
    let [now, steady] = [0, 0];
    const config = parseConfig({ rateLimits: { rules: [{ requestsPerMinute: 1 }], waitMs: 0 } });
    const limits = new CallLimits({ config: () => config, now: () => now, steady: () => steady });
    const request = { headers: {} } as IncomingMessage;
    const admit = async () =>
      (await limits.admit({ provider: "a", model: "m", tags: [] }, 1, request, new Departure())).kind;
    const pass = (ms: number) => {
      now += ms;
      steady += ms;
    };
    assert.deepEqual([await admit(), await admit()], ["go", "limited"]);
    now += 30 * DAY;
    assert.equal(await admit(), "limited", "no minute has passed");
    pass(61_000);
    assert.equal(await admit(), "go");
    now -= 30 * DAY;
    pass(61_000);
    assert.equal(await admit(), "go", "a minute has passed");
  });

  it("has no backend passed over for longer than it is to be", () => {
    let now = 30 * DAY;
    const cooling = new CoolingOff(() => now);
    cooling.add({ provider: "a", model: "m" }, "down", 60_000);
    now += 59_000;
    assert.equal(cooling.all.length, 1);
    now -= 30 * DAY;
    assert.deepEqual(cooling.all, []);
  });
});
