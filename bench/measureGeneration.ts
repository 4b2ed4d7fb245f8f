/** @file A process that only generates; prints { tokensPerSecond }: greedy decoding of one prompt after a warm-up. */
import { AutoModelForCausalLM } from "../src/index.ts";

const PROMPT = "Is a higher octane gasoline better for your car?";
const [folder, newTokens] = [process.argv[2], Number(process.argv[3])];

const model = await AutoModelForCausalLM.from_pretrained(folder);
/** Seconds for `count` new tokens; the answer must not end earlier. */
async function generate(count: number): Promise<number> {
  const before = performance.now();
  const { completions } = await model.generate(PROMPT, {
    do_sample: false,
    max_new_tokens: count,
    min_new_tokens: count,
  });
  if (completions[0].length !== count) throw new Error(`internal: ${completions[0].length} tokens instead of ${count}`);
  return (performance.now() - before) / 1000;
}
await generate(4);
const seconds = await generate(newTokens);
await model.dispose();
process.stdout.write(`${JSON.stringify({ tokensPerSecond: newTokens / seconds })}\n`);
