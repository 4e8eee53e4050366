import fc from "fast-check";
import { type Answered, type Body, OF_A_HOP, type Raw } from "./exchange.ts";

/** What a header may hold: anything that can be seen, Latin letters beyond ASCII, and spaces within. */
const headerValue = fc
  .string({
    unit: fc
      .integer({ min: 0x21, max: 0xff })
      .filter((code) => code !== 0x7f && (code < 0x80 || code > 0x9f))
      .map((code) => String.fromCharCode(code)),
    maxLength: 12,
  })
  .chain((word) => fc.constantFrom(word, `${word} ${word}`, "").map((value) => value.trim()));
const names = (...more: string[]) =>
  fc.oneof(
    fc.constantFrom("X-One", "x-one", "X-TWO", "x_three", "Cache-Control", "Link", ...more),
    fc.stringMatching(/^X-[A-Za-z0-9!#$%&'*+.^_`|~-]{1,10}$/),
  );
const headersOf = (name: fc.Arbitrary<string>) =>
  fc
    .array(
      fc.tuple(
        name.filter((one) => !OF_A_HOP.test(one) && !/^x-tollgate/i.test(one)),
        headerValue,
      ),
      { maxLength: 8 },
    )
    .map((pairs) => pairs.flat());
const hop = fc.constantFrom<Raw[]>([], ["Connection", "X-Hop", "X-Hop", "here only"], ["Keep-Alive", "timeout=9"]);
export const requestHeaders = fc
  .tuple(headersOf(names("Authorization", "Cookie", "Accept", "User-Agent", "Accept-Language")), hop)
  .map(([all, more]) => [...all, ...more]);
export const answerHeaders = fc
  .tuple(headersOf(names("Set-Cookie", "set-cookie", "Date", "Server", "ETag")), hop)
  .map(([all, more]) => [...all, ...more]);

export const pieces = fc.array(
  fc.uint8Array({ minLength: 1, maxLength: 3_000 }).map((bytes) => Buffer.from(bytes)),
  { maxLength: 5 },
);
export const bodyOf = (content: fc.Arbitrary<readonly Buffer[]>): fc.Arbitrary<Body> =>
  fc.record({
    pieces: content,
    isChunked: fc.boolean(),
    trailers: fc.array(fc.tuple(fc.constantFrom("X-Sum", "x-sum", "X-Last"), fc.stringMatching(/^[a-z0-9]{1,8}$/)), {
      maxLength: 3,
    }),
  });
export const answerOf = (
  body: fc.Arbitrary<Body>,
  headers: fc.Arbitrary<Raw>,
  statuses: readonly number[],
): fc.Arbitrary<Answered> =>
  fc.record({
    status: fc.constantFrom(...statuses),
    statusMessage: fc.constantFrom("OK", "Fine By Me", "", "Zu früh"),
    headers,
    body,
    gapMs: fc.constantFrom(0, 0, 0, 3),
    cutAfter: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(4) }),
  });

/** Cuts bytes at any borders. */
export const cutAnywhere = (text: string): fc.Arbitrary<Buffer[]> => {
  const bytes = Buffer.from(text);
  return fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 6 }).map((borders) => {
    const all = [0, ...borders.sort((one, other) => one - other), bytes.length];
    return all.slice(1).map((end, index) => bytes.subarray(all[index], end));
  });
};
