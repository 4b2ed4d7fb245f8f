/**
 * @file Compares products of integers with float32's in generation, on real prompts (`../shared/data/preferences-300`):
 *
 *     npx tsx scripts/integerQuality.ts [--prompts 200] [--tokens 16] [--against MODEL] MODEL...
 *
 * A MODEL is a GGUF file, or a folder with `@8bit` or `@nf4` after it. Float32 answers each prompt greedily, and the
 * integers read the same tokens: their own greedy answer is equal if both find every one of its tokens likeliest.
 * `--against`: float32 of another model answers, and both kinds of products of MODEL read its tokens. Prints Markdown.
 */
import { parseArgs } from "node:util";
import type { BitsAndBytesConfigInput } from "../src/config/BitsAndBytesConfig.ts";
import type { Tokenizer } from "../src/data/tokenizers/tokenizer.ts";
import type { Decoder } from "../src/generation/decoder.ts";
import { logSoftmax } from "../src/generation/scores.ts";
import { promptInput } from "../src/generation/sequence.ts";
import { AutoTokenizer, loadDataset } from "../src/index.ts";
import type { LoadedModel } from "../src/models/loadedModel.ts";
import { locateModel } from "../src/pretrained/autoModel.ts";
import { openDecoder } from "../src/pretrained/openDecoder.ts";

const DATA = "../shared/data/preferences-300";
const LONGEST_PROMPT = 32;
const BATCH = 8;
const QUANTIZATIONS: Record<string, BitsAndBytesConfigInput> = {
  "8bit": { load_in_8bit: true },
  nf4: { load_in_4bit: true, bnb_4bit_quant_type: "nf4" },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    prompts: { type: "string", default: "200" },
    tokens: { type: "string", default: "16" },
    against: { type: "string" },
  },
});
const newTokens = Number(values.tokens);

/** Sums over all compared tokens. */
interface Difference {
  prompts: number;
  equalAnswers: number;
  tokens: number;
  sameTokens: number;
  logits: number;
  sum: number;
  largest: number;
  /** Nats. */
  divergence: number;
}

async function locate(name: string): Promise<LoadedModel> {
  const [, path, bits] = /^(.*?)(?:@(\w+))?$/.exec(name) ?? [];
  const { loaded } = await locateModel(path, { quantization_config: bits ? QUANTIZATIONS[bits] : null });
  return loaded;
}

async function readPrompts(tokenizer: Tokenizer): Promise<number[][]> {
  const { train_prefs } = await loadDataset(DATA);
  const prompts: number[][] = [];
  for await (const { prompt } of train_prefs.select(Array.from({ length: Number(values.prompts) }, (_, row) => row)))
    prompts.push([...tokenizer.encode(String(prompt))].slice(0, LONGEST_PROMPT));
  return prompts;
}

function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id] > logits[best]) best = id;
  return best;
}

/** Adds the difference of two vectors of logits. @returns whether their likeliest tokens are the same */
function compare(total: Difference, exact: Float32Array, rounded: Float32Array): boolean {
  const [p, q] = [logSoftmax(exact), logSoftmax(rounded)];
  for (let id = 0; id < exact.length; id++) {
    const difference = Math.abs(exact[id] - rounded[id]);
    total.sum += difference;
    total.largest = Math.max(total.largest, difference);
    total.divergence += Math.exp(p[id]) * (p[id] - q[id]);
  }
  const isSame = likeliest(exact) === likeliest(rounded);
  total.tokens++;
  total.logits += exact.length;
  if (isSame) total.sameTokens++;
  return isSame;
}

/** The same tokens through both decoders: the prompts, then the first one's greedy answers. */
async function compareBatch(total: Difference, [first, second]: Decoder[], prompts: number[][]): Promise<void> {
  const { vocabSize } = first;
  const isEqual = prompts.map(() => true);
  let input = promptInput(prompts);
  for (let token = 0; token < newTokens; token++) {
    const exact = (await first.step(input.tokens, input.positions, input)).slice();
    const rounded = await second.step(input.tokens, input.positions, input);
    const of = (logits: Float32Array, b: number) => logits.subarray(b * vocabSize, (b + 1) * vocabSize);
    const next = prompts.map((_, b) => {
      if (!compare(total, of(exact, b), of(rounded, b))) isEqual[b] = false;
      return likeliest(of(exact, b));
    });
    const positions = Int32Array.from(prompts, ({ length }) => length + token);
    input = { tokens: Int32Array.from(next), positions, batch: prompts.length, length: 1 };
  }
  total.prompts += prompts.length;
  total.equalAnswers += isEqual.filter(Boolean).length;
  await first.reset();
  await second.reset();
}

async function compareModels(decoders: Decoder[], prompts: number[][]): Promise<Difference> {
  const total: Difference = {
    ...{ prompts: 0, equalAnswers: 0, tokens: 0, sameTokens: 0 },
    ...{ logits: 0, sum: 0, largest: 0, divergence: 0 },
  };
  for (let start = 0; start < prompts.length; start += BATCH)
    await compareBatch(total, decoders, prompts.slice(start, start + BATCH));
  return total;
}

const print = (...cells: (string | number)[]) => process.stdout.write(`| ${cells.join(" | ")} |\n`);
print(
  "model",
  "products",
  "equal greedy answers",
  "same next token",
  "mean difference of logits",
  "largest",
  "KL, nats",
);
print("---", "---", ...Array(5).fill("---:"));
for (const name of positionals) {
  const model = await locate(name);
  const other = values.against === undefined ? undefined : await locate(values.against);
  const prompts = await readPrompts(await AutoTokenizer.from_pretrained(name.replace(/@\w+$/, "")));
  for (const isExact of other ? [true, false] : [false]) {
    const decoders = [await openDecoder(other ?? model), await openDecoder(model, { isExact })];
    const found = await compareModels(decoders, prompts);
    for (const decoder of decoders) await decoder.dispose();
    const share = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`;
    print(
      name.split("/").at(-1) ?? name,
      isExact ? "float32" : "integers",
      share(found.equalAnswers, found.prompts),
      share(found.sameTokens, found.tokens),
      (found.sum / found.logits).toFixed(4),
      found.largest.toFixed(2),
      (found.divergence / found.tokens).toExponential(1),
    );
  }
}
