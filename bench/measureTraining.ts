/**
 * @file A process that only trains, through the public API; prints a TrainingReport.
 * Arguments: the model's folder, rows per batch, epochs over the 24 rows, the output folder, the kind: `adapter`,
 * `checkpointing` (an adapter, with gradient checkpointing) or `full` (all weights, with gradient checkpointing), and
 * the adapter's targets with commas (default: GPT-2's).
 */
import {
  AutoModelForCausalLM,
  AutoTokenizer,
  DPOConfig,
  DPOTrainer,
  type Logger,
  LoraConfig,
  loadDataset,
} from "../src/index.ts";
import { benchRows, dataFolder, preferenceTexts } from "./materials.ts";
import type { TrainingReport } from "./measurements.ts";
import { peakRss } from "./peakRss.ts";

const [folder, batchSize, epochs, outputDir, kind = "adapter", targets = "c_proj,c_attn", most] = process.argv.slice(2);

const dataset = await loadDataset(dataFolder);
const model = await AutoModelForCausalLM.from_pretrained(folder);
const tokenizer = await AutoTokenizer.from_pretrained(folder);
tokenizer.pad_token = tokenizer.eos_token;

const args = new DPOConfig({
  output_dir: outputDir,
  beta: 0.1,
  max_length: 512,
  learning_rate: 1e-4,
  per_device_train_batch_size: Number(batchSize),
  num_train_epochs: Number(epochs),
  train_sampling_strategy: "sequential",
  logging_steps: 1,
  save_strategy: "no",
  report_to: "none",
  bf16: false,
  gradient_checkpointing: kind !== "adapter",
});
const peft_config = new LoraConfig({
  r: 4,
  lora_alpha: 8,
  lora_dropout: 0,
  bias: "none",
  target_modules: targets.split(","),
  task_type: "CAUSAL_LM",
});
const rows = await dataset.train_prefs.select(benchRows().slice(0, Number(most ?? Infinity))).map(preferenceTexts);
const ends: number[] = []; // milliseconds since the epoch
const nothing = () => {};
const logger: Logger = {
  info: nothing,
  warn: nothing,
  start: nothing,
  step: nothing,
  status: nothing,
  end: nothing,
  close: nothing,
  metrics(entry) {
    if (entry.loss !== undefined) ends.push(Date.now()); // logged after each step; the last entry is the summary
  },
};
const trainer = new DPOTrainer({
  model,
  ref_model: null,
  args,
  train_dataset: rows,
  processing_class: tokenizer,
  peft_config: kind === "full" ? null : peft_config,
  logger,
});
const started = Date.now();
await trainer.train();
await trainer.dispose();

const report: TrainingReport = {
  steps: ends.map((end, i) => (end - (i === 0 ? started : ends[i - 1])) / 1000),
  firstStepAt: ends[0],
  peakRssBytes: peakRss(),
};
process.stdout.write(`${JSON.stringify(report)}\n`);
