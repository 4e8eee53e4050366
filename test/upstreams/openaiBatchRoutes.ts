import { openaiError } from "./openaiError.ts";
import { json } from "./openaiTextRoutes.ts";
import type { ReceivedRequest } from "./receivedRequest.ts";
import { plain, type Reply } from "./reply.ts";
import { chatPromptTokens, countTokens, isJson, type Json } from "./tokens.ts";
import { hexId, wireId } from "./wireId.ts";

/** What every request of a batch is answered. */
export const batchAnswer = "It is open.";

type Batch = Json & { id: string; status: string; input_file_id: string; metadata: Json };

/**
 * Moderations, files and batches. A batch is under way when it is first fetched and completed when it is fetched again; its
 * `metadata` may say `{"usage": "none"}`, which makes it an older one that tells no usage of its own.
 */
export const createBatchRoutes = (): ((request: ReceivedRequest) => Reply | undefined) => {
  const files = new Map<string, string>();
  const batches = new Map<string, Batch>();
  const upload = ({ bytes }: ReceivedRequest): Reply => {
    const content = /filename="[^"]*".*?\r\n\r\n(.*?)\r\n--/s.exec(bytes.toString("utf8"))?.[1] ?? "";
    return json(fileCard(keep(files, content), content));
  };
  const create = (body: Json): Reply => {
    const batch: Batch = {
      id: hexId("batch_", 32),
      object: "batch",
      endpoint: body.endpoint,
      input_file_id: String(body.input_file_id),
      completion_window: "24h",
      status: "validating",
      created_at: 1,
      metadata: isJson(body.metadata) ? body.metadata : {},
    };
    if (!files.has(batch.input_file_id)) return openaiError(400, "No such File object.", { param: "input_file_id" });
    batches.set(batch.id, batch);
    return json(batch);
  };
  const retrieve = (id: string): Reply => {
    const batch = batches.get(id);
    if (!batch) return openaiError(404, "No batch found.");
    const goesOn = batch.status === "validating";
    Object.assign(batch, goesOn ? { status: "in_progress" } : completed(batch, files));
    return json(batch);
  };
  return (request) => {
    const { method, path, body } = request;
    if (path === "/v1/moderations")
      return json({ id: wireId("modr-", 24), model: "omni-moderation-latest", results: [] });
    if (method === "POST" && path === "/v1/files") return upload(request);
    if (method === "POST" && path === "/v1/batches") return create(body ?? {});
    const [, kind, id = "", rest] = /^\/v1\/(files|batches)\/([^/]+)(\/\w+)?$/.exec(path) ?? [];
    if (kind === "batches" && method === "GET") return retrieve(id);
    const content = kind === "files" ? files.get(id) : undefined;
    if (content === undefined) return undefined;
    if (method === "DELETE") return json({ id, object: "file", deleted: files.delete(id) });
    return rest === "/content" ? plain(200, content, "application/octet-stream") : json(fileCard(id, content));
  };
};

const keep = (files: Map<string, string>, content: string): string => {
  const id = wireId("file-", 22);
  files.set(id, content);
  return id;
};

const fileCard = (id: string, content: string): Json => ({
  id,
  object: "file",
  bytes: Buffer.byteLength(content),
  created_at: 1,
  filename: "requests.jsonl",
  purpose: "batch",
});

/** Answers every line of the input file as a chat. */
const completed = (batch: Batch, files: Map<string, string>): Json => {
  const requests = (files.get(batch.input_file_id) ?? "").split("\n").filter(Boolean).map(parsed);
  const answers = requests.map(({ custom_id, body }) => {
    const prompt = chatPromptTokens(body as Json);
    const output = countTokens(batchAnswer);
    const answer = {
      id: wireId("chatcmpl-", 29),
      object: "chat.completion",
      model: (body as Json).model,
      choices: [{ index: 0, message: { role: "assistant", content: batchAnswer }, finish_reason: "stop" }],
      usage: { prompt_tokens: prompt, completion_tokens: output, total_tokens: prompt + output },
    };
    const response = { status_code: 200, request_id: hexId("req_", 32), body: answer };
    return { id: hexId("batch_req_", 32), custom_id, response, error: null };
  });
  const output_file_id = keep(files, answers.map((answer) => `${JSON.stringify(answer)}\n`).join(""));
  const input = answers.reduce((sum, { response }) => sum + response.body.usage.prompt_tokens, 0);
  const output = answers.reduce((sum, { response }) => sum + response.body.usage.completion_tokens, 0);
  const usage = {
    input_tokens: input,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + output,
  };
  const told = batch.metadata.usage === "none" ? {} : { model: answers[0]?.response.body.model, usage };
  return {
    status: "completed",
    output_file_id,
    request_counts: { total: answers.length, completed: answers.length, failed: 0 },
    ...told,
  };
};

const parsed = (line: string): Json => JSON.parse(line) as Json;
