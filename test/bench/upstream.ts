import { createServer } from "node:http";
import { SAMPLE_STREAMS } from "./sampleStreams.ts";

/**
 * A provider that answers at once, so that what is measured is what stands before it: with the stream that `x-bench` names,
 * or JSON. Prints its port.
 */
const answer = Buffer.from(
  JSON.stringify({
    id: "chatcmpl-bench",
    object: "chat.completion",
    created: 1_795_000_000,
    model: "gpt-4o-mini-2024-07-18",
    choices: [{ index: 0, message: { role: "assistant", content: "As much as you like." }, finish_reason: "stop" }],
    usage: { prompt_tokens: 20, completion_tokens: 6, total_tokens: 26 },
  }),
);

const CHUNKS = 50;
const chunk = (delta: object, finish: string | null) =>
  `data: ${JSON.stringify({ id: "chatcmpl-bench", object: "chat.completion.chunk", model: "gpt-4o-mini-2024-07-18", choices: [{ index: 0, delta, finish_reason: finish }], usage: null })}\n\n`;
const pieces = [
  ...Array.from({ length: CHUNKS }, (_, index) => Buffer.from(chunk({ content: `word${index} ` }, null))),
  Buffer.from(chunk({}, "stop")),
  Buffer.from(
    `data: ${JSON.stringify({ id: "chatcmpl-bench", object: "chat.completion.chunk", model: "gpt-4o-mini-2024-07-18", choices: [], usage: { prompt_tokens: 20, completion_tokens: CHUNKS, total_tokens: 20 + CHUNKS } })}\n\ndata: [DONE]\n\n`,
  ),
];

/** Between the chunks of a sample: models write no faster, and each passes as a chunk of its own. */
const CHUNK_MS = 1;
const samples = new Map(SAMPLE_STREAMS.map(({ protocol, chunks }) => [protocol.name, chunks]));

const server = createServer((request, response) => {
  const asked = String(request.headers["x-bench"]);
  const stream = request.url?.includes("stream") || asked === "stream" || samples.has(asked);
  const sent = samples.get(asked) ?? pieces;
  request.resume();
  request.on("end", () => {
    if (!stream) {
      response.writeHead(200, { "content-type": "application/json", "content-length": answer.length });
      response.end(answer);
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    let next = 0;
    const writeOne = () => {
      const piece = sent[next];
      next += 1;
      if (piece === undefined) {
        response.end();
      } else {
        response.write(piece);
        if (sent === pieces) {
          setImmediate(writeOne);
        } else {
          setTimeout(writeOne, CHUNK_MS);
        }
      }
    };
    writeOne();
  });
});
server.keepAliveTimeout = 600_000;
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.stdout.write(`${typeof address === "object" ? address?.port : ""}\n`);
});
