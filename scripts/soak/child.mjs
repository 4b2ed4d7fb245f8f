/**
 * @file The process killed by the soak: one training, which reports its memory every hundred steps:
 * `node child.mjs PACKAGE TRAINING`, where TRAINING is JSON (Training in kinds.ts).
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Steps between two reports. */
const REPORT_STEPS = 100;

const [place, training] = process.argv.slice(2);
const { DPOTrainer, loadDataset } = await import(pathToFileURL(join(place, "dist/index.js")));
const { model, train, evaluation, args, peft_config } = JSON.parse(training);

/** The process's memory in bytes after garbage collection. */
function settledMemory() {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

const memory = {
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
