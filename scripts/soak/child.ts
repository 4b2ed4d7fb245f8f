/** @file The process killed by the soak: one training, which reports its memory every hundred steps. */
import { type DPOConfigInput, DPOTrainer, type LoraConfigInput, loadDataset, type TrainerCallback } from "prefine";

/** The settings of a soak training; sent as JSON. */
export interface Training {
  /** Folder with model and tokenizer. */
  model: string;
  train: string;
  evaluation: string;
  args: DPOConfigInput;
  peft_config: LoraConfigInput | null;
}

/** Steps between two reports. */
export const REPORT_STEPS = 100;

/** The process's memory in bytes after garbage collection. */
function settledMemory(): number {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  gc?.();
  return process.memoryUsage.rss();
}

async function run({ model, train, evaluation, args, peft_config }: Training): Promise<void> {
  const memory: TrainerCallback = {
    on_step_end: (_, { global_step }) => {
      if (global_step % REPORT_STEPS === 0) console.log(JSON.stringify({ step: global_step, rss: settledMemory() }));
    },
  };
  const rows = await loadDataset(train);
  const held = await loadDataset(evaluation);
  const trainer = new DPOTrainer({
    model,
    peft_config,
    args,
    train_dataset: rows.split("train"),
    eval_dataset: { held: held.split("train"), seen: rows.split("train") },
    callbacks: [memory],
  });
  await trainer.train();
  await trainer.dispose();
}

if (process.argv[2]) await run(JSON.parse(process.argv[2]) as Training);
