import OpenAI from "openai";

/** A script as users write them: nothing in it knows of Tollgate. */
const client = new OpenAI();
const messages = [{ role: "user" as const, content: "What is a gate?" }];
const { choices } = await client.chat.completions.create({ model: "gpt-4o-mini", messages });
console.log(choices[0]?.message.content);
