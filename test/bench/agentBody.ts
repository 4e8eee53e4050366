/** Tools that a coding agent offers with each request. */
const TOOLS = 24;
const WORDS = "the function reads a file and writes what it found into the table below unless it is empty".split(" ");

/**
 * A request such as coding agents send after some turns, of so many bytes: tools with their schemas, and a history of
 * commands and what they printed, with the quotes and line ends of source text. The same for each call.
 */
export function agentBody(bytes: number, stream: boolean): string {
  const tools = Array.from({ length: TOOLS }, (_, index) => ({
    type: "function",
    function: {
      name: `tool_${index}`,
      description: words(40, index),
      parameters: {
        type: "object",
        properties: {
          path: { type: "string", description: words(12, index + 1) },
          limit: { type: "integer", minimum: 0 },
        },
        required: ["path"],
      },
    },
  }));
  const body = {
    model: "gpt-4o-mini",
    max_tokens: 200,
    ...(stream ? { stream: true } : {}),
    tools,
    messages: [{ role: "system", content: words(300, 7) }] as unknown[],
  };
  let size = Buffer.byteLength(JSON.stringify(body));
  for (let turn = 0; size < bytes; turn += 1) {
    const messages = turnOf(turn);
    size += Buffer.byteLength(JSON.stringify(messages)) - 1;
    body.messages.push(...messages);
  }
  return JSON.stringify(body);
}

/** What the agent did, and what it got to read. */
function turnOf(turn: number): unknown[] {
  const id = `call_${turn}`;
  const call = { name: `tool_${turn % TOOLS}`, arguments: JSON.stringify({ path: `src/file${turn}.ts`, limit: 200 }) };
  const lines = Array.from({ length: 40 }, (_, line) => `  const value${line} = read("${words(6, turn + line)}");`);
  return [
    { role: "assistant", content: words(20, turn), tool_calls: [{ id, type: "function", function: call }] },
    { role: "tool", tool_call_id: id, content: lines.join("\n") },
  ];
}

function words(count: number, from: number): string {
  return Array.from({ length: count }, (_, index) => WORDS[(from + index * 7) % WORDS.length]).join(" ");
}
