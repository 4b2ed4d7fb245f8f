/**
 * @file A process that does one thing with a large dataset; prints a DataReport. Arguments: what, and its file:
 * `bare` (hyparquet alone reads a parquet file), `load` (loadDataset and a map), `lines` (loadDataset reads all rows),
 * `tokenize` (with `threads` as a third argument: in threads), `first` (a training up to its first step; arguments:
 * the file, the model's folder, the output folder, how many rows, and `process` for the one of a run file).
 */
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { tokenizePairs } from "../src/data/preferences/tokenizePairs.ts";
import { threadsOf } from "../src/data/tokenizers/slowCalls.ts";
import {
  AutoModelForCausalLM,
  AutoTokenizer,
  type Dataset,
  DPOConfig,
  DPOTrainer,
  type Logger,
  LoraConfig,
  loadDataset,
  ultrafeedback,
} from "../src/index.ts";
import { preferenceTexts, tokenizerFolder } from "./materials.ts";
import { peakRss } from "./peakRss.ts";
import "../src/pretrained/tokenizerThreads.ts";

export interface DataReport {
  seconds: number;
  peakRssBytes: number;
  rows: number;
  /** Milliseconds since the epoch at the end. */
  endedAt: number;
}

const [what, file, ...others] = process.argv.slice(2);
const load = async (): Promise<Dataset> => (await loadDataset(file)).train;

const WORK: Record<string, () => Promise<number>> = {
  async bare() {
    const buffer = await asyncBufferFromFile(file);
    const metadata = await parquetMetadataAsync(buffer);
    let rowStart = 0;
    for (const { num_rows } of metadata.row_groups) {
      const rowEnd = rowStart + Number(num_rows);
      rowStart += (await parquetReadObjects({ file: buffer, metadata, rowStart, rowEnd })).length;
    }
    return rowStart;
  },
  load: async () => (await (await load()).map(preferenceTexts)).num_rows,
  async lines() {
    let rows = 0;
    for await (const _ of await load()) rows++;
    return rows;
  },
  async tokenize() {
    const tokenizer = await AutoTokenizer.from_pretrained(tokenizerFolder);
    const openThreads = others[0] === "threads" ? () => threadsOf(tokenizer) : undefined;
    return (await tokenizePairs(await load(), tokenizer, { max_length: 512, openThreads })).rows;
  },
  first: () => trainOneStep(others),
};

async function trainOneStep([model, output_dir, count, process]: string[]): Promise<number> {
  const all = await load();
  const some = Number(count) < all.num_rows ? all.take(Number(count)) : all;
  const isFeedback = some.column_names.includes("messages");
  const nothing = () => {};
  const silent = { info: nothing, warn: nothing, start: nothing, step: nothing, status: nothing, metrics: nothing };
  const logger: Logger = { ...silent, end: nothing, close: nothing };
  const rows = isFeedback ? await some.map(process ? ultrafeedback : preferenceTexts) : some;
  const tokenizer = await AutoTokenizer.from_pretrained(model);
  tokenizer.pad_token = tokenizer.eos_token;
  const trainer = new DPOTrainer({
    model: await AutoModelForCausalLM.from_pretrained(model),
    args: new DPOConfig({
      ...{ output_dir, max_length: 512, max_steps: 1, per_device_train_batch_size: 1, bf16: false },
      ...{ save_strategy: "no", report_to: "none", gradient_checkpointing: false },
    }),
    ...{ train_dataset: rows, processing_class: tokenizer, logger },
    peft_config: new LoraConfig({ r: 4, target_modules: ["c_attn", "c_proj"], task_type: "CAUSAL_LM" }),
    callbacks: [
      {
        on_step_end() {
          ended = Date.now();
        },
      },
    ],
  });
  await trainer.train();
  await trainer.dispose();
  return rows.num_rows;
}

let ended = 0;
const started = performance.now();
const rows = await WORK[what]();
const report: DataReport = {
  seconds: (performance.now() - started) / 1000,
  peakRssBytes: peakRss(),
  rows,
  endedAt: ended || Date.now(),
};
process.stdout.write(`${JSON.stringify(report)}\n`);
