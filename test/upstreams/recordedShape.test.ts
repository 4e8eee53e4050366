import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { anthropicModels, googleModels, openaiModels } from "./models.ts";
import { startUpstreams, type Upstreams } from "./startUpstreams.ts";
import { isJson, type Json } from "./tokens.ts";

/** Exchanges recorded from the real providers lie beside the project, where there are any; without them nothing is compared. */
const recordings = path.resolve(import.meta.dirname, "../../../shared/recordings");

type Recorded = {
  path: string;
  query?: string;
  status: number;
  contentType: string;
  request: string;
  response: string;
};

const recorded = (host: string, fits: (exchange: Recorded, request: Json) => boolean): Recorded[] =>
  readFileSync(path.join(recordings, `${host}.jsonl`), "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Recorded)
    .filter((exchange) => {
      // Uploads of files are no JSON and never compared.
      if (!exchange.request.startsWith("{")) return false;
      const request: unknown = JSON.parse(exchange.request);
      return isJson(request) && fits(exchange, request);
    });

/** The names of all fields with their paths; list places count as one. */
const fieldsOf = (value: unknown, at = ""): string[] => {
  if (Array.isArray(value)) return [...new Set(value.flatMap((one) => fieldsOf(one, `${at}[]`)))];
  if (!isJson(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => [`${at}.${name}`, ...fieldsOf(inner, `${at}.${name}`)]);
};

type SseEvent = { name: string | undefined; data: unknown };

const eventsOf = (text: string): SseEvent[] =>
  text
    .split("\n\n")
    .filter((block) => block.trim() !== "")
    .map((block) => {
      const data = /^data: (.*)$/m.exec(block)?.[1] ?? "";
      return {
        name: /^event: (.*)$/m.exec(block)?.[1],
        data: data === "[DONE]" ? data : (JSON.parse(data) as unknown),
      };
    });

/** Names in order, repeats as one. */
const order = (events: SseEvent[]): (string | undefined)[] =>
  events.map(({ name }) => name).filter((name, i, all) => name !== all[i - 1]);

const sameNames = (ours: unknown, theirs: unknown): void =>
  assert.deepEqual(fieldsOf(ours).toSorted(), fieldsOf(theirs).toSorted());

/** The media type without parameters, which the recordings leave out. */
const mediaType = (response: Response): string => (response.headers.get("content-type") ?? "").split(";")[0] ?? "";

describe("simulated answers have the shape of recorded ones", () => {
  let upstreams: Upstreams;

  before(async function () {
    if (!existsSync(recordings)) this.skip();
    upstreams = await startUpstreams();
  });
  after(() => upstreams?.stop());

  const replay = async (base: string, { path: where, request }: Recorded): Promise<Response> =>
    fetch(`${base}${where}`, {
      method: "POST",
      headers: { authorization: "Bearer k", "x-api-key": "k", "anthropic-version": "2023-06-01" },
      body: request,
    });
  const openai = (exchange: Recorded) => replay(upstreams.openai.url.replace(/\/v1$/, ""), exchange);
  const anthropic = (exchange: Recorded) => replay(upstreams.anthropic.url, exchange);

  const google = async ({ path: where, query, request }: Recorded): Promise<Response> =>
    fetch(`${upstreams.google.url}${where}${query ? `?${query}` : ""}`, {
      method: "POST",
      headers: { "x-goog-api-key": "k" },
      body: request,
    });

  const chat = (status: number, stream: boolean) =>
    recorded(
      "api-openai-com",
      (exchange, request) =>
        exchange.path === "/v1/chat/completions" &&
        exchange.status === status &&
        (request.stream === true) === stream &&
        (status !== 200 || Object.hasOwn(openaiModels, String(request.model))) &&
        !exchange.response.includes("tool_calls"),
    );

  const messages = (status: number, stream: boolean) =>
    recorded(
      "api-anthropic-com",
      (exchange, request) =>
        exchange.path === "/v1/messages" &&
        exchange.status === status &&
        (request.stream === true) === stream &&
        (status !== 200 || Object.hasOwn(anthropicModels, String(request.model))) &&
        !exchange.response.includes("tool_use"),
    );

  const content = (status: number, method: string) =>
    recorded(
      "generativelanguage-googleapis-com",
      (exchange) =>
        exchange.path.endsWith(`:${method}`) &&
        exchange.status === status &&
        (status !== 200 || Object.keys(googleModels).some((name) => exchange.path.includes(`/${name}:`))) &&
        !/functionCall|executableCode/.test(exchange.response),
    );

  const some = (exchanges: Recorded[]): Recorded => {
    const found = exchanges.at(-1);
    assert.ok(found, "no such exchange among the recordings");
    return found;
  };

  it("OpenAI, JSON", async () => {
    const theirs = some(chat(200, false));
    const ours = await openai(theirs);
    assert.equal(mediaType(ours), theirs.contentType);
    sameNames(await ours.json(), JSON.parse(theirs.response));
  });

  it("OpenAI, stream", async () => {
    const theirs = some(chat(200, true));
    const ours = await openai(theirs);
    assert.equal(mediaType(ours), theirs.contentType);
    const [a, b] = [eventsOf(await ours.text()), eventsOf(theirs.response)];
    for (const at of [0, 1, -3, -2]) sameNames(a.at(at)?.data, b.at(at)?.data);
    assert.equal(a.at(-1)?.data, b.at(-1)?.data);
  });

  it("OpenAI, unknown model", async () => {
    const theirs = some(chat(404, false));
    const ours = await openai(theirs);
    assert.equal(ours.status, 404);
    assert.deepEqual(await ours.json(), JSON.parse(theirs.response));
  });

  it("Anthropic, JSON with thinking", async () => {
    const theirs = some(messages(200, false));
    upstreams.anthropic.script.next({ reasoningTokens: 20 });
    const ours = await anthropic(theirs);
    assert.equal(mediaType(ours), theirs.contentType);
    sameNames(await ours.json(), JSON.parse(theirs.response));
  });

  it("Anthropic, stream", async () => {
    const theirs = some(messages(200, true));
    const ours = await anthropic(theirs);
    assert.equal(mediaType(ours), theirs.contentType);
    const [a, b] = [eventsOf(await ours.text()), eventsOf(theirs.response)];
    assert.deepEqual(order(a), order(b));
    for (const at of [0, 1, 2, 3, -3, -2, -1]) sameNames(a.at(at)?.data, b.at(at)?.data);
  });

  it("Anthropic, unknown model", async () => {
    const theirs = some(messages(404, false));
    const ours = await anthropic(theirs);
    assert.equal(ours.status, 404);
    const [a, b] = [(await ours.json()) as Json, JSON.parse(theirs.response) as Json];
    assert.deepEqual({ ...a, request_id: "" }, { ...b, request_id: "" });
  });

  it("Google, JSON with thoughts", async () => {
    const theirs = some(content(200, "generateContent"));
    upstreams.google.script.next({ reasoningTokens: 20 });
    const ours = await google(theirs);
    assert.equal(mediaType(ours), theirs.contentType);
    sameNames(await ours.json(), JSON.parse(theirs.response));
  });

  it("Google, stream", async () => {
    const theirs = some(content(200, "streamGenerateContent"));
    upstreams.google.script.next({ reasoningTokens: 20 });
    const ours = await google(theirs);
    assert.equal(mediaType(ours), theirs.contentType);
    const [a, b] = [await ours.text(), theirs.response].map((text) => eventsOf(text.replaceAll("\r\n", "\n")));
    // Theirs begins and ends with a tool; between them text comes as in any stream.
    sameNames(a?.at(1)?.data, b?.at(3)?.data);
  });

  it("Google, unknown model", async () => {
    const theirs = some(content(404, "generateContent"));
    const ours = await google(theirs);
    assert.equal(ours.status, 404);
    assert.deepEqual(await ours.json(), JSON.parse(theirs.response));
  });
});
