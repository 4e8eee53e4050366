import Anthropic from "@anthropic-ai/sdk";

/** A script as users write them: nothing in it knows of Tollgate. */
const client = new Anthropic();
const messages = [{ role: "user" as const, content: "What is a gate?" }];
const { content } = await client.messages.create({ model: "claude-haiku-4-5", max_tokens: 1_000, messages });
console.log(content.map((block) => (block.type === "text" ? block.text : "")).join(""));
