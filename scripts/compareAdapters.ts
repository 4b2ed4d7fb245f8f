/**
 * @file Compares adapters with PEFT's on the random LoraConfigs of scripts/random_adapters.py: reads and merges those
 * that PEFT saved, and trains two steps with the same settings for PEFT to read.
 *
 *     python scripts/random_adapters.py make FOLDER SEED COUNT && npx tsx scripts/compareAdapters.ts FOLDER &&
 *       python scripts/random_adapters.py check FOLDER
 *
 * Prints counts and every difference. Exit code 1 if there are any.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { PrefineError } from "../src/errors.ts";
import {
  AutoTokenizer,
  type BitsAndBytesConfigInput,
  DPOConfig,
  DPOTrainer,
  LoraConfig,
  type LoraConfigInput,
  merge_and_unload,
} from "../src/index.ts";
import { nextLogits } from "../test/support/nextLogits.ts";

interface Case {
  base: string;
  settings: LoraConfigInput;
  /** Of the base model. */
  quantization?: BitsAndBytesConfigInput;
  prompt: number[];
  /** Of all tokens of the prompt, one after the other. */
  logits?: number[];
  error?: string;
  merged?: number[];
  mergeError?: string;
}

const TOLERANCE = 2e-4;
const silent = { onWarning: () => {} };
const rows = [
  { prompt: "t3 t4", chosen: " t5 t6 t7", rejected: " t8 t9" },
  { prompt: "t10 t2 t20", chosen: " t12", rejected: " t13 t14 t15 t16" },
];

async function train(folder: string, { base, settings, quantization }: Case): Promise<void> {
  const processing_class = await AutoTokenizer.from_pretrained(join(folder, "..", "..", "tokenizer"));
  const trainer = new DPOTrainer({
    model: base,
    args: new DPOConfig({
      output_dir: folder,
      max_steps: 2,
      per_device_train_batch_size: 2,
      learning_rate: 0.05,
      disable_tqdm: true,
      logging_steps: 1,
      save_strategy: "no",
    }),
    train_dataset: rows,
    processing_class,
    peft_config: new LoraConfig(settings),
    quantization_config: quantization ?? null,
  });
  await trainer.train();
  await trainer.dispose();
}

/** The largest difference, relative to the largest value (at least 1). */
function difference(values: readonly number[], all: readonly number[]): number {
  const reference = all.slice(all.length - values.length);
  const largest = Math.max(1, ...reference.map(Math.abs));
  return Math.max(...values.map((value, i) => Math.abs(value - reference[i]))) / largest;
}

const counts: Record<string, number> = {};
let failures = 0;

function count(outcome: string, isFailure = false, detail = ""): void {
  counts[outcome] = (counts[outcome] ?? 0) + 1;
  if (!isFailure) return;
  failures++;
  console.log(`${outcome}: ${detail}`);
}

/** The result, or the message of an error that names its cause. */
async function attempt<T>(work: () => Promise<T>): Promise<T | string> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PrefineError) return error.message;
    throw error;
  }
}

const isClose = (values: readonly number[], reference: readonly number[]) => difference(values, reference) < TOLERANCE;

/** PEFT's adapter, read and merged here. PEFT merges into tied weights; prefine unties them, and keeps the logits. */
async function comparePeft(folder: string, job: Case & { logits: number[] }, about: string): Promise<void> {
  const { logits, merged, mergeError, prompt } = job;
  const quantization_config = job.quantization ?? null;
  const own = await attempt(() => nextLogits(join(folder, "peft"), prompt, { quantization_config }));
  if (typeof own === "string") count("PEFT's adapter refused", true, `${own}\n  ${about}`);
  else if (isClose(own, logits)) count("read alike");
  else count("read otherwise", true, `${difference(own, logits)}\n  ${about}`);
  const output_dir = join(folder, "merged-peft");
  const options = { output_dir, dtype: "float32", quantization_config, ...silent } as const;
  const result = await attempt(() => merge_and_unload(join(folder, "peft"), options));
  if (typeof result === "string") return count("PEFT's adapter not merged", true, `${result}\n  ${about}`);
  if (!merged) return count("merged here alone", true, `PEFT: ${mergeError}\n  ${about}`);
  const ours = await nextLogits(output_dir, prompt);
  if (isClose(ours, merged)) count("merged alike");
  else if (isClose(ours, logits)) count("merged as the adapter, not as PEFT");
  else count("merged otherwise", true, `${difference(ours, merged)}\n  ${about}`);
}

async function compare(folder: string): Promise<void> {
  const job = JSON.parse(readFileSync(join(folder, "case.json"), "utf8")) as Case;
  const { settings, logits, prompt, error } = job;
  const bits = job.quantization ? ` ${JSON.stringify(job.quantization)}` : "";
  const about = `${basename(folder)} ${basename(job.base)}${bits} ${JSON.stringify(settings)}`;
  if (logits) await comparePeft(folder, { ...job, logits }, about);
  const trained = join(folder, "trained");
  const problem = await attempt(() => train(trained, job));
  if (typeof problem === "string") {
    if (error) count("refused by both");
    else count("trained by PEFT alone", true, `${problem}\n  ${about}`);
    return;
  }
  if (error) count("trained here alone", true, `PEFT: ${error}\n  ${about}`);
  else count("trained");
  const result: Record<string, unknown> = { logits: await nextLogits(trained, prompt) };
  const output_dir = join(folder, "merged");
  const merging = await attempt(() => merge_and_unload(trained, { output_dir, dtype: "float32", ...silent }));
  if (typeof merging === "string") count("not merged", true, `${merging}\n  ${about}`);
  else result.merged = await nextLogits(output_dir, prompt);
  writeFileSync(join(folder, "trained.json"), JSON.stringify(result));
}

const root = process.argv[2];
for (const name of readdirSync(root).sort()) {
  if (existsSync(join(root, name, "case.json"))) await compare(join(root, name));
}
console.log(JSON.stringify(counts));
process.exitCode = failures > 0 ? 1 : 0;
