import assert from "node:assert/strict";
import fc from "fast-check";
import type { Places } from "../../../src/domain/protocols/eventHoles.ts";
import { DECODED, DECODED_FROM, EventShape } from "../../../src/domain/protocols/eventShape.ts";
import { oddJson, oddWords } from "./oddEvents.ts";
import { utf8 } from "./streams.ts";

const PLACES: Places = { delta: [{ text: "text", seen: "count" }], p: "padding", usage: { out: "count" } };

/** The same with nothing where events may differ. */
const withoutHoles = (value: unknown) =>
  JSON.stringify(value, (name, inner) =>
    (name === "text" || name === "p") && typeof inner === "string"
      ? ""
      : (name === "out" || name === "seen") && Number.isInteger(inner)
        ? 0
        : inner,
  );

const eventOf = (text: string, count: number, p: string) => ({
  delta: [{ text, seen: count }],
  p,
  usage: { out: count },
});

/** An event around its JSON, as in a stream. */
const framed = (json: string) => utf8(`event: x\ndata: ${json}\n\n`);
const jsonIn = (event: Buffer) => event.subarray("event: x\ndata: ".length, -2);
const shapeOf = (event: Buffer, places = PLACES) => EventShape.of(event, jsonIn(event), places);
const events = fc.record({ text: oddWords, count: fc.nat(2 ** 40), p: fc.string() });

describe("the shape of an event", () => {
  it("is that of every event which differs only where events may, and measures what stands there", () => {
    fc.assert(
      fc.property(oddJson, events, events, fc.boolean(), (write, one, other, isCut) => {
        const shape = shapeOf(framed(write(eventOf(one.text, one.count, one.p))));
        const event = framed(write(eventOf(other.text, other.count, other.p)));
        const next = isCut ? event.subarray(0, 5) : event;
        assert.equal(shape?.matches(Buffer.concat([event, next]), 0), true);
        const { text } = JSON.parse(jsonIn(event).toString()).delta[0] as { text: string };
        assert.deepEqual([shape?.end, shape?.textBytes], [event.length, Buffer.byteLength(text)]);
        assert.deepEqual(shape?.values, [
          Buffer.byteLength(text),
          other.count,
          Buffer.byteLength(other.p),
          other.count,
        ]);
      }),
      { seed: 31, numRuns: 300 },
    );
  });

  it("is that of no event which JSON would read otherwise, whatever bytes were changed, put in or left out", () => {
    const change = fc.record({
      at: fc.nat(),
      out: fc.nat(2),
      put: fc.constantFrom(...'"\\u{}[],:0123e.-n\n\t\u0001é', "\\u00e9", "\\ud83d", '","text":"', ""),
    });
    const changed = (event: Buffer, { at, out, put }: { at: number; out: number; put: string }) => {
      const place = at % event.length;
      return Buffer.concat([event.subarray(0, place), utf8(put), event.subarray(place + out)]);
    };
    let matched = 0;
    fc.assert(
      fc.property(oddJson, events, fc.array(change, { minLength: 1, maxLength: 2 }), (write, one, changes) => {
        const model = framed(write(eventOf(one.text, one.count, one.p)));
        const event = changes.reduce(changed, model);
        const shape = shapeOf(model);
        if (shape?.matches(event, 0) === true && shape.end === event.length) {
          matched += 1;
          const value = JSON.parse(jsonIn(event).toString());
          assert.equal(withoutHoles(value), withoutHoles(JSON.parse(jsonIn(model).toString())));
          assert.equal(shape.textBytes, Buffer.byteLength(value.delta[0].text));
          assert.deepEqual([shape.values[1], shape.values.at(-1)], [value.delta[0].seen, value.usage.out]);
        }
      }),
      { seed: 32, numRuns: 3_000 },
    );
    assert.ok(matched > 100, `only ${matched} matched`);
  });

  it("measures bytes that are no UTF-8 as they are read", () => {
    const model = framed('{"delta":[{"text":"a"}]}');
    const shape = shapeOf(model);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        const event = Buffer.concat([framed('{"delta":[{"text":"').subarray(0, -2), bytes, utf8('"}]}\n\n')]);
        let text: unknown;
        try {
          ({ text } = JSON.parse(jsonIn(event).toString()).delta[0]);
        } catch {
          assert.equal(shape?.matches(event, 0), false);
          return;
        }
        if (shape?.matches(event, 0) === true && shape.end === event.length) {
          assert.equal(shape.textBytes, Buffer.byteLength(text as string));
        }
      }),
      { seed: 33, numRuns: 1_000 },
    );
  });

  it("decodes base64 as Node does, or not at all", () => {
    const payload = (bytes: string) => utf8(`{"bytes":${JSON.stringify(bytes)},"p":"abc"}`);
    const model = payload("YQ==");
    const shape = EventShape.of(model, model, { bytes: "base64", p: "padding" });
    const odd = fc.string({ unit: fc.constantFrom(...'AZaz09+/=-_ \n"é'), maxLength: 24 });
    const whole = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("base64"));
    fc.assert(
      fc.property(fc.oneof(odd, whole), (base64) => {
        const event = payload(base64);
        const isMatch = shape?.matches(event, 0) === true;
        const decoded = Buffer.from(base64, "base64");
        assert.ok(isMatch || decoded.toString("base64") !== base64, base64);
        if (isMatch) {
          assert.deepEqual(DECODED.subarray(DECODED_FROM, DECODED_FROM + (shape.values[0] as number)), decoded);
        }
      }),
      { seed: 34, numRuns: 2_000 },
    );
    const tooLarge = payload(Buffer.alloc(20_000).toString("base64"));
    assert.equal(shape?.matches(tooLarge, 0), false);
  });

  it("is that of no event with a number that JavaScript cannot tell from its neighbours", () => {
    const shape = shapeOf(framed('{"usage":{"out":1}}'));
    assert.equal(shape?.matches(framed('{"usage":{"out":999999999999999}}'), 0), true);
    assert.equal(shape.matches(framed('{"usage":{"out":9999999999999999}}'), 0), false);
  });

  it("is not learned where names stand twice on the way, or could", () => {
    for (const json of [
      '{"usage":{"out":1},"usage":{"out":2}}',
      '{"usage":{"out":1,"out":2}}',
      '{"usage":{"out":1,"o\\u0075t":2}}',
      '{"delta":[{"text":"a","text":"b"}]}',
    ]) {
      assert.equal(shapeOf(framed(json)), null, json);
    }
    assert.ok(shapeOf(framed('{"other":1,"other":2,"usage":{"out":1}}')) !== null);
  });
});
