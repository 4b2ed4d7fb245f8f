/** @file Trains with two values of beta and plots both runs together. */
import { plotRunFolders, runFrom, train } from "prefine";

const runs: string[] = [];
for (const beta of [0.1, 0.5]) {
  const output_dir = `beta-${beta}`;
  const run = runFrom({
    model_name_or_path: "gpt2",
    dataset_name: "BarraHome/ultrafeedback_binarized",
    dataset_train_split: "test_prefs", // 2,000 pairs: a small download
    process: "ultrafeedback",
    output_dir,
    beta,
    max_steps: 20,
    per_device_train_batch_size: 1,
    logging_steps: 2,
    learning_rate: 1e-4,
    max_length: 512,
    use_peft: true,
    lora_target_modules: ["c_attn", "c_proj"],
    bf16: false,
  });
  const { training_loss } = await train(run);
  console.log(`${output_dir}: train_loss ${training_loss.toFixed(4)}`);
  runs.push(output_dir);
}
const { svg, png } = await plotRunFolders(runs, { out: "betas", metrics: ["loss", "rewards/margins"] });
console.log(`${svg}, ${png}`);
