import assert from "node:assert/strict";
import fc from "fast-check";
import { readPrometheusText } from "../../../src/domain/compute/prometheusText.ts";
import { readServerMetrics } from "../../../src/domain/compute/serverMetrics.ts";
import { vllmMetrics } from "../../upstreams/vllmMetrics.ts";

describe("Prometheus text", () => {
  it("is read with labels, escapes, times and odd numbers; what is no sample is left out", () => {
    const text = [
      "# HELP a what it is",
      "# TYPE a counter",
      "a 1",
      'b{x="1",y="say \\"hi\\", \\\\ and \\n",} 2.5e3 1395066363000',
      "c{} +Inf",
      "d NaN",
      'e{x="unfinished} 3',
      "f three",
      "  g\t-4  ",
      'h{x="{}, =" , y=""} 5\r',
      "# EOF",
    ].join("\n");
    assert.deepEqual(readPrometheusText(text), [
      { name: "a", labels: {}, value: 1 },
      { name: "b", labels: { x: "1", y: 'say "hi", \\ and \n' }, value: 2_500 },
      { name: "c", labels: {}, value: Number.POSITIVE_INFINITY },
      { name: "d", labels: {}, value: Number.NaN },
      { name: "g", labels: {}, value: -4 },
      { name: "h", labels: { x: "{}, =", y: "" }, value: 5 },
    ]);
  });

  it("gives back any labels that were escaped, and throws at nothing", () => {
    const escaped = (value: string) => value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.double({ noNaN: true }), (label, value) => {
        const text = `x{l="${escaped(label)}"} ${value}`.replaceAll("Infinity", "Inf");
        assert.deepEqual(readPrometheusText(text), [{ name: "x", labels: { l: label }, value: value + 0 }]);
      }),
      { seed: 5, examples: [['a"\\\n}', 1]] },
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        readServerMetrics(text);
      }),
      { seed: 6 },
    );
  });
});

describe("a server's metrics", () => {
  const meters = {
    processStartSeconds: 1_790_000_000.25,
    promptTokens: 20_000,
    generationTokens: 2_000,
    running: 3,
    waiting: 2,
    prefillSeconds: 10,
    decodeSeconds: 25,
    succeeded: { stop: 1, length: 0, abort: 0 },
  };

  it("tell its start, what is under way, and how much dearer a token is that it writes", () => {
    const read = readServerMetrics(vllmMetrics(meters, "qwen"));
    assert.equal(read.startedAt, 1_790_000_000_250);
    assert.deepEqual([read.running, read.waiting, read.kvCacheUsage], [3, 2, 0.1]);
    assert.equal(read.decodeWeight, 25_000);
    const few = readServerMetrics(vllmMetrics({ ...meters, generationTokens: 10 }, "qwen"));
    assert.equal(few.decodeWeight, 4_000, "ten tokens tell nothing");
  });

  it("tell nothing where a server has others, or a clock that was never set", () => {
    const read = readServerMetrics("process_start_time_seconds 12.5\nllamacpp:requests_processing 1\n");
    assert.deepEqual([read.startedAt, read.running, read.promptTokens, read.decodeWeight], [null, null, null, 4_000]);
  });
});
