import assert from "node:assert/strict";
import fc from "fast-check";
import { BadRequestError } from "../../../src/domain/protocol.ts";
import { formText, readForm } from "../../../src/domain/protocols/multipart.ts";
import { formOf } from "./forms.ts";
import { utf8 } from "./streams.ts";

const TYPE = "multipart/form-data; boundary=fence";
const refused = (body: Buffer, type: string | null = TYPE) =>
  assert.throws(() => readForm(body, type), BadRequestError, body.toString());

describe("forms", () => {
  it("give back each field as it was sent, whatever bytes it holds", () => {
    const name = fc.stringMatching(/^[a-z_[\]]{1,20}$/);
    const value = fc.oneof(
      fc.string(),
      fc.record({
        file: fc.stringMatching(/^[a-z.]{1,9}$/),
        bytes: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 8 }), (fields) => {
        // A boundary is one that stands in no field.
        const { body, context } = formOf(fields, "", "----fence7MA4YWxkTrZu0gW");
        const read = readForm(body, context.contentType);
        assert.deepEqual(
          read.map((field) => [field.name, field.fileName, field.value.toString("latin1")]),
          fields.map(([given, sent]) =>
            typeof sent === "string"
              ? [given, null, utf8(sent).toString("latin1")]
              : [given, sent.file, sent.bytes.toString("latin1")],
          ),
        );
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  it("are read with quoted boundaries, bare names, and what stands before the first field", () => {
    const body = utf8(
      "preamble\r\n--fence\r\ncontent-disposition: form-data; name=model\r\n\r\nwhisper-1\r\n--fence--",
    );
    const [field] = readForm(body, 'multipart/form-data; charset=utf-8; boundary="fence"');
    assert.deepEqual([field?.name, field?.value.toString()], ["model", "whisper-1"]);
  });

  it("that are none, or cut off, are refused in words", () => {
    const { body } = formOf([["model", "whisper-1"]]);
    for (let end = 0; end < body.length - 4; end += 1) {
      refused(body.subarray(0, end));
    }
    refused(body, null);
    refused(body, "multipart/form-data");
    refused(body, "multipart/form-data; boundary=other");
    refused(utf8("--fence\r\nContent-Type: text/plain\r\n\r\nx\r\n--fence--"));
  });

  it("with a field that stands twice are refused: servers do not agree which one holds", () => {
    const twice = readForm(
      formOf([
        ["model", "a"],
        ["model", "b"],
      ]).body,
      TYPE,
    );
    assert.throws(() => formText(twice, "model"), BadRequestError);
    assert.equal(formText(twice, "n"), null);
  });

  it("take any bytes without another error", () => {
    const bit = fc.constantFrom(
      "--fence",
      "\r\n",
      "\r\n\r\n",
      "--",
      'content-disposition: form-data; name="a"',
      "x",
      ";",
    );
    fc.assert(
      fc.property(fc.array(bit, { maxLength: 20 }), (bits) => {
        try {
          readForm(utf8(bits.join("")), TYPE);
        } catch (error) {
          assert.ok(error instanceof BadRequestError, String(error));
        }
      }),
      { seed: 8, numRuns: 3_000 },
    );
  });
});
