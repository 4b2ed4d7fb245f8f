/**
 * @file A process that generates from one kind of weights; prints a KindReport. Arguments: the model, its quantization
 * (`8bit`, `nf4` or `files`), and `exact` or `rounded` products.
 */
import { AutoModelForCausalLM, type BitsAndBytesConfigInput } from "../src/index.ts";
import { PREFILL_TOKENS, PROMPT_IDS } from "./generationSettings.ts";
import { peakRss } from "./peakRss.ts";

const QUANTIZATIONS: Record<string, BitsAndBytesConfigInput | null> = {
  files: null,
  "8bit": { load_in_8bit: true },
  nf4: { load_in_4bit: true, bnb_4bit_quant_type: "nf4" },
};
const [path, quantization, products] = process.argv.slice(2);

const model = await AutoModelForCausalLM.from_pretrained(path, {
  quantization_config: QUANTIZATIONS[quantization],
  exact: products === "exact",
});

/** Seconds; the least of some runs, since other programs may run as well. */
async function best(runs: number, work: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const before = performance.now();
    await work();
    least = Math.min(least, (performance.now() - before) / 1000);
  }
  return least;
}

const answer = (prompts: number[][], tokens: number) =>
  model.generate(prompts, { do_sample: false, max_new_tokens: tokens, min_new_tokens: tokens });
/** Seconds of a token after the prompt. */
async function perToken(prompts: number[][], tokens: number): Promise<number> {
  const first = await best(3, () => answer(prompts, 1));
  return ((await best(3, () => answer(prompts, tokens + 1))) - first) / tokens;
}

await answer([PROMPT_IDS], 4);
const one = await perToken([PROMPT_IDS], 40);
const eight = await perToken(
  Array.from({ length: 8 }, () => PROMPT_IDS),
  20,
);
const long = Array.from({ length: PREFILL_TOKENS }, (_, i) => PROMPT_IDS[i % PROMPT_IDS.length]);
const prefill = await best(3, () => answer([long], 1));
await model.dispose();
const report = { one: 1 / one, eight: 8 / eight, prefill, peakRssBytes: peakRss() };
process.stdout.write(`${JSON.stringify(report)}\n`);
