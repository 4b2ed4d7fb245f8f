/** @file Trains on your own file, one JSON object per line; an inline function turns its columns into pairs. */
import { fileURLToPath } from "node:url";
import { AutoModelForCausalLM, AutoTokenizer, DPOTrainer, loadDataset } from "prefine";

// {"question": "...", "good": "...", "bad": "..."}
const file = fileURLToPath(new URL("answers.jsonl", import.meta.url));
const ds = await loadDataset(file); // a single file becomes the split `train`
const pairs = await ds.train.map(({ question, good, bad }) => ({
  prompt: `${question}\n`,
  chosen: good,
  rejected: bad,
}));
const { train, test } = pairs.train_test_split({ test_size: 4, seed: 0 });

const trainer = new DPOTrainer({
  model: await AutoModelForCausalLM.from_pretrained("gpt2"),
  processing_class: await AutoTokenizer.from_pretrained("gpt2"),
  train_dataset: train,
  eval_dataset: test,
  peft_config: { r: 8, lora_alpha: 16, target_modules: ["c_attn", "c_proj"], task_type: "CAUSAL_LM" },
  args: {
    output_dir: "answers",
    num_train_epochs: 2,
    per_device_train_batch_size: 2,
    learning_rate: 1e-4,
    logging_steps: 5,
    eval_strategy: "epoch",
    bf16: false,
  },
});
const { training_loss } = await trainer.train();
console.log(`train_loss ${training_loss.toFixed(4)}; answers/ holds the adapter, the log and the plot`);
await trainer.dispose();
