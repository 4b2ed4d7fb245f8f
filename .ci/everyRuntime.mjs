/** @file A user's program, for any runtime: trains, answers with and without the adapter, disposes, ends. */
import { AutoModelForCausalLM, DPOConfig, DPOTrainer, GenerationConfig, LoraConfig, loadDataset } from "prefine";

const demo = "node_modules/prefine/demo";
const output_dir = process.argv[2];
const { train_prefs } = await loadDataset(`${demo}/everyday-preferences`);
const rows = await train_prefs.select([0, 1, 2, 3, 4, 5, 6, 7]).map(({ prompt, chosen, rejected }) => ({
  prompt,
  chosen: chosen.at(-1).content,
  rejected: rejected.at(-1).content,
}));
const trainer = new DPOTrainer({
  model: `${demo}/everyday-gpt2`,
  args: new DPOConfig({ output_dir, max_steps: 3, logging_steps: 1, learning_rate: 1e-3, report_to: "none" }),
  train_dataset: rows,
  peft_config: new LoraConfig({ r: 4 }),
});
await trainer.train();
const losses = trainer.state.log_history.flatMap(({ loss }) => loss ?? []);
await trainer.dispose();
if (losses.length !== 3 || !losses.every(Number.isFinite)) throw new Error(`expected 3 losses, found ${losses}`);

const generation_config = new GenerationConfig({ max_new_tokens: 6 });
for (const name of [`${demo}/everyday-gpt2`, output_dir]) {
  const model = await AutoModelForCausalLM.from_pretrained(name);
  const [ids] = await model.generate("Why is the sky blue?", { generation_config });
  await model.dispose();
  if (ids.length < 2) throw new Error(`expected new tokens of ${name}, found ${ids}`);
}
const shown = losses.map((loss) => loss.toFixed(4)).join(" ");
console.log(`trained and answered: ${shown}`); // nothing is left to keep it alive
