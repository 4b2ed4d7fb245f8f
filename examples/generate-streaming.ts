/** @file Prints an answer token by token: `npx tsx examples/generate-streaming.ts [MODEL|RUN] [PROMPT]`. */
import { AutoModelForCausalLM } from "prefine";

const [name = "gpt2", prompt = "Is a higher octane gasoline better for your car?"] = process.argv.slice(2);
const model = await AutoModelForCausalLM.from_pretrained(name);

process.stdout.write(prompt);
const settings = { max_new_tokens: 40, do_sample: true, top_p: 0.9, temperature: 0.7, seed: 1 };
for await (const { text, finishReason } of model.generateStream(prompt, settings)) {
  process.stdout.write(text);
  if (finishReason) console.log(`\n[${finishReason}]`);
}
await model.dispose();
