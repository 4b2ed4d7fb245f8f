/** @file Trains with several losses on the same pairs and plots the runs together. */
import { plotRunFolders, type RunInput, runFrom, train } from "prefine";

const losses: Record<string, RunInput> = {
  dpo: { loss_type: "sigmoid", beta: 0.1 },
  ipo: { loss_type: "ipo", beta: 0.1 },
  // mixed preference optimization: three losses, each with its weight
  mpo: { loss_type: ["sigmoid", "bco_pair", "sft"], loss_weights: [0.8, 0.2, 1], beta: 0.1 },
  // no reference model: one forward pass less per pair, and rewards that are not log-ratios
  simpo: { loss_type: "simpo", beta: 2, simpo_gamma: 1 },
};

const runs = Object.keys(losses);
for (const output_dir of runs) {
  const run = runFrom({
    model_name_or_path: "gpt2",
    dataset_name: "BarraHome/ultrafeedback_binarized",
    dataset_train_split: "test_prefs", // 2,000 pairs: a small download
    process: "ultrafeedback",
    output_dir,
    max_steps: 10,
    per_device_train_batch_size: 1,
    logging_steps: 2,
    learning_rate: 1e-4,
    max_length: 512,
    use_peft: true,
    lora_target_modules: ["c_attn", "c_proj"],
    bf16: false,
    ...losses[output_dir],
  });
  const { training_loss } = await train(run);
  console.log(`${output_dir}: train_loss ${training_loss.toFixed(4)}`);
}
const { svg, png } = await plotRunFolders(runs, { out: "losses", metrics: ["rewards/accuracies", "logps/chosen"] });
console.log(`${svg}, ${png}`);
