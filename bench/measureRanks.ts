/**
 * @file A rank of a job, or a process of its own, that only trains, through the public API; rank 0 prints a
 * RanksReport. Each step trains the same rows, those of one batch per rank. Arguments: the model's folder, pairs per
 * batch, optimizer steps, the output folder, and the kind: `adapter` or `full` (all weights).
 */
import { joinJob } from "../src/cluster/job.ts";
import type { DeviceRanks } from "../src/engine/runtime/device.ts";
import {
  AutoModelForCausalLM,
  AutoTokenizer,
  DPOConfig,
  DPOTrainer,
  LoraConfig,
  loadDataset,
  type TrainerCallback,
} from "../src/index.ts";
import { silentLogger } from "../src/terminal/silentLogger.ts";
import { benchRows, dataFolder, preferenceTexts } from "./materials.ts";
import type { RanksReport } from "./measurements.ts";

const [folder, batchSize, steps, outputDir, kind = "adapter"] = process.argv.slice(2);
const ranks = await joinJob({ ddp_timeout: 1800 });

/** Seconds of each call; the last rank to call waits for none, so the least of all ranks is the exchange alone. */
const exchanges: number[] = [];
if (ranks) {
  const { allReduce } = ranks;
  ranks.allReduce = async (...call) => {
    const started = performance.now();
    await allReduce(...call);
    exchanges.push((performance.now() - started) / 1000);
  };
}

async function leastOfRanks({ gather, world }: DeviceRanks, own: readonly number[]): Promise<number[]> {
  const all = await gather(Float64Array.from(own));
  return own.map((_, i) => Math.min(...Array.from({ length: world.size }, (_, rank) => all[rank * own.length + i])));
}

const tokenizer = await AutoTokenizer.from_pretrained(folder);
tokenizer.pad_token = tokenizer.eos_token;
const args = new DPOConfig({
  output_dir: outputDir,
  overwrite_output_dir: true,
  max_length: 512,
  learning_rate: 1e-4,
  per_device_train_batch_size: Number(batchSize),
  max_steps: Number(steps),
  train_sampling_strategy: "sequential",
  save_strategy: "no",
  report_to: "none",
  bf16: false,
  gradient_checkpointing: kind === "full",
});
const peft_config = new LoraConfig({
  r: 4,
  lora_alpha: 8,
  lora_dropout: 0,
  target_modules: ["c_proj", "c_attn"],
  task_type: "CAUSAL_LM",
});
const ends: number[] = []; // milliseconds
const clock: TrainerCallback = { on_step_begin: () => void (ends.length || ends.push(performance.now())) };
clock.on_step_end = () => void ends.push(performance.now());
const dataset = await loadDataset(dataFolder);
const trainer = new DPOTrainer({
  model: await AutoModelForCausalLM.from_pretrained(folder),
  ref_model: null,
  args,
  train_dataset: await dataset.train_prefs
    .select(benchRows().slice(0, Number(batchSize) * (ranks?.world.size ?? 1)))
    .map(preferenceTexts),
  processing_class: tokenizer,
  peft_config: kind === "full" ? null : peft_config,
  callbacks: [clock],
  logger: silentLogger,
});
await trainer.train();
await trainer.dispose();

const report: RanksReport = {
  steps: ends.slice(1).map((end, i) => (end - ends[i]) / 1000),
  exchanges: ranks ? await leastOfRanks(ranks, exchanges) : [],
  library: ranks?.world.library ?? null,
};
if (!ranks || ranks.world.rank === 0) process.stdout.write(`${JSON.stringify(report)}\n`);
