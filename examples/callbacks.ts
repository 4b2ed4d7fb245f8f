/** @file Two evaluation sets, a custom metric, callbacks: prints margins, stops when they no longer grow. */
import { fileURLToPath } from "node:url";
import { DPOTrainer, EarlyStoppingCallback, loadDataset, type TrainerCallback } from "prefine";

const { train } = await loadDataset(fileURLToPath(new URL("answers.jsonl", import.meta.url)));
const rows = await train.map(({ question, good, bad }) => ({ prompt: question, chosen: good, rejected: bad }));
const asksHow = ({ prompt }: Record<string, unknown>) => String(prompt).startsWith("How");

const margins: Record<string, number> = {};
const watch: TrainerCallback = {
  on_evaluate: (_, state, control, { metrics = {} }) => {
    Object.assign(margins, metrics);
    if (!("eval_others_loss" in metrics)) return; // called after each set
    const [how, others] = ["how", "others"].map((set) => margins[`eval_${set}_rewards/margins`]);
    console.log(`step ${state.global_step}: margin ${how.toFixed(4)} on how, ${others.toFixed(4)} on others`);
    if (how > 5) control.should_training_stop = true; // large enough
  },
};

const trainer = new DPOTrainer({
  model: "gpt2",
  train_dataset: rows,
  eval_dataset: {
    how: await rows.filter(asksHow),
    others: await rows.filter((row) => !asksHow(row)),
  },
  compute_metrics: ({ predictions }) => ({
    worst_margin: Math.min(...predictions.map((pair) => pair["rewards/margins"])),
  }),
  callbacks: [watch, new EarlyStoppingCallback({ early_stopping_patience: 2 })],
  peft_config: { target_modules: ["c_attn", "c_proj"] },
  args: {
    output_dir: "watched",
    max_steps: 12,
    per_device_train_batch_size: 2,
    learning_rate: 1e-3,
    bf16: false,
    eval_strategy: "steps",
    eval_steps: 2,
    save_strategy: "steps",
    save_steps: 2,
    save_total_limit: 2,
    load_best_model_at_end: true,
    metric_for_best_model: "how_rewards/margins",
  },
});
await trainer.train();
console.log(`best: step ${trainer.state.best_global_step}, margin ${trainer.state.best_metric?.toFixed(4)}`);
await trainer.dispose();
