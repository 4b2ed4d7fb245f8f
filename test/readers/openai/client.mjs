/** @file OpenAI's npm client, unchanged, against the server at $BASE_URL; prints what it received as JSON. */
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.env.BASE_URL, apiKey: "none", maxRetries: 0 });
const messages = [{ role: "user", content: "Is tea a drink?" }];
const options = { model: "chat", messages, temperature: 0, max_completion_tokens: 16 };

const models = [];
for await (const model of client.models.list()) models.push(model.id);
const model = await client.models.retrieve("chat");
const { data: whole, response } = await client.chat.completions.create(options).withResponse();
let streamed = "";
let usage;
const stream = await client.chat.completions.create({
  ...options,
  stream: true,
  stream_options: { include_usage: true },
});
for await (const chunk of stream) {
  streamed += chunk.choices[0]?.delta.content ?? "";
  usage = chunk.usage ?? usage;
}
const helper = client.chat.completions.stream({ ...options, logprobs: true, top_logprobs: 2 });
const final = await helper.finalChatCompletion();
const text = await client.completions.create({ model: "chat", prompt: "Is tea", max_tokens: 4, temperature: 0 });
const errors = [];
for (const wrong of [
  { tools: [{ type: "function", function: { name: "f" } }] },
  { model: "none" },
  { temperature: 9 },
]) {
  const error = await client.chat.completions.create({ ...options, ...wrong }).catch((reason) => reason);
  errors.push({ kind: error.constructor.name, status: error.status, code: error.code, param: error.param });
}
const aborted = await client.chat.completions.create({ ...options, max_completion_tokens: 100, stream: true });
for await (const _ of aborted) break; // hangs up
console.log(
  JSON.stringify({
    models,
    model,
    whole: whole.choices[0],
    status: response.status,
    streamed,
    usage,
    final: final.choices[0],
    text: text.choices[0].text,
    errors,
  }),
);
