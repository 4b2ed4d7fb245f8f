/** @file Serves a model under OpenAI's API and asks it: `npx tsx examples/serve-and-ask.ts [MODEL|RUN]`. */
import { createServer } from "prefine";

const [model = "gpt2"] = process.argv.slice(2);
const server = await createServer({ models: { model, name: "served" }, port: 0 }); // any free port
console.log(server.models.map(({ name, contextLength }) => `${name}: ${contextLength} tokens`).join("\n"));

for (const prompt of ["Is tea a drink?", "Is the sun cold?"]) {
  const reply = await fetch(`${server.url}/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "served", prompt, max_tokens: 24, temperature: 0, stream: true }),
  });
  process.stdout.write(prompt);
  let rest = "";
  for await (const part of reply.body!.pipeThrough(new TextDecoderStream())) {
    const events = (rest + part).split("\n\n"); // "data: {...}", and "data: [DONE]" in the end
    rest = events.pop() ?? "";
    for (const event of events) {
      if (event !== "data: [DONE]") process.stdout.write(JSON.parse(event.slice("data: ".length)).choices[0].text);
    }
  }
  console.log();
}
await server.close();
