import { BadRequestError, type RequestFacts } from "../protocol.ts";
import { readMessagesRequest } from "./anthropicRequest.ts";
import { elementSpans, memberSpans } from "./jsonEdit.ts";
import { parseRequest } from "./jsonValue.ts";

/** Anthropic takes no more in one batch. */
const MOST_REQUESTS = 100_000;
const BATCH = "batch";
/** More than anything costs; keeps sums safe integers. */
const LARGEST_SUM = 1_000_000_000_000_000;
const OPEN_BRACE = 0x7b;
const NO_MEMBERS: ReadonlySet<string> = new Set();

/**
 * A batch of messages carries its requests, so each of them is bounded as it would be alone, at its own model's price. No
 * output limit in it is lowered: one lower limit for all would cut answers of which the client learns hours later. A batch
 * that does not fit is refused.
 * @throws BadRequestError
 */
export function readMessageBatch(body: Buffer, textTokens?: number): RequestFacts {
  const request = parseRequest(body);
  if (!Array.isArray(request.requests)) {
    throw new BadRequestError('"requests" must be a list');
  }
  if (request.requests.length > MOST_REQUESTS) {
    throw new BadRequestError(`"requests" has more than ${MOST_REQUESTS} entries`);
  }
  const bodies = paramsIn(body.subarray(Math.max(0, body.indexOf(OPEN_BRACE))));
  const parts = bodies.map((params) => partOf(readMessagesRequest(params)));
  const limits = parts.map(({ outputLimitTokens }) => outputLimitTokens);
  return {
    model: parts[0]?.model ?? "",
    stream: false,
    inputBoundTokens: inputBound(bodies, parts, textTokens),
    outputLimitTokens: limits.includes(null) ? null : sumOf(limits, (limit) => limit ?? 0),
    clampable: false,
    choices: 1,
    webSearchBound: sumOf(parts, ({ webSearchBound }) => webSearchBound),
    promptBytes: sumOf(parts, ({ promptBytes }) => promptBytes),
    hasMedia: parts.some(({ hasMedia }) => hasMedia),
    members: new Set(Object.keys(request)),
    usageAsked: true,
    serviceTier: BATCH,
    tierIsSure: true,
    parts,
    goesOn: true,
  };
}

/** Fast mode is not for batches, but a country's premium comes on top of the discount. */
function partOf(facts: RequestFacts): RequestFacts {
  const serviceTier = facts.serviceTier === null ? BATCH : `${BATCH}+${facts.serviceTier}`;
  return { ...facts, members: NO_MEMBERS, serviceTier, tierIsSure: true, clampable: false };
}

/**
 * All text of a batch together has no more than `textTokens`, but whose they are nobody has counted: so they bound the sum
 * alone, and only where each prompt is read once and one tokenizer's margin stands for all.
 */
function inputBound(bodies: readonly Buffer[], parts: readonly RequestFacts[], textTokens: number | undefined): number {
  const byBytes = sumOf(parts, ({ inputBoundTokens }) => inputBoundTokens);
  const isOneFamily = parts.every(({ model }) => model === parts[0]?.model || model.startsWith("claude-"));
  if (textTokens === undefined || !isOneFamily) {
    return byBytes;
  }
  let besideText = 0;
  for (const [index, params] of bodies.entries()) {
    const { inputBoundTokens } = readMessagesRequest(params, { textTokens: 0 });
    const isReadAgain = (parts[index]?.inputBoundTokens ?? 0) - inputBoundTokens > params.length;
    if (isReadAgain) {
      return byBytes;
    }
    besideText += inputBoundTokens;
  }
  return Math.min(byBytes, besideText + textTokens);
}

/** The bytes of each request's `params`. A member that stands twice counts twice: nobody knows which one holds. */
function paramsIn(body: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (const requests of membersNamed(body, "requests")) {
    for (const { start, end } of elementSpans(requests)) {
      const params = [...membersNamed(requests.subarray(start, end), "params")];
      if (params.length === 0) {
        throw new BadRequestError('Each of "requests" must have "params"');
      }
      found.push(...params);
    }
  }
  return found;
}

function* membersNamed(value: Buffer, name: string): Generator<Buffer> {
  if (value[0] === OPEN_BRACE) {
    for (const [member, { start, end }] of memberSpans(value)) {
      if (member === name) {
        yield value.subarray(start, end);
      }
    }
  }
}

function sumOf<T>(values: readonly T[], count: (value: T) => number): number {
  return values.reduce<number>((sum, value) => Math.min(LARGEST_SUM, sum + count(value)), 0);
}
