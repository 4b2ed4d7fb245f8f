/**
 * @file A process that fine-tunes SmolLM2: DPO on the real pairs for one epoch, held-out pairs and an answer before and
 * after; prints a SmolReport. Arguments: the GGUF file, the run's folder.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AutoModelForCausalLM, AutoTokenizer, DPOTrainer, type LogEntry, loadDataset } from "../src/index.ts";
import { dataFolder } from "./materials.ts";
import { peakRss } from "./peakRss.ts";
import { conversations, LORA, QUESTION, type SmolReport, TRAINING } from "./smolSettings.ts";
import { stepLogger } from "./stepLogger.ts";

const [gguf, output_dir] = process.argv.slice(2);

const dataset = await (await loadDataset(dataFolder)).map(conversations);
const model = await AutoModelForCausalLM.from_pretrained(gguf);
const tokenizer = await AutoTokenizer.from_pretrained(gguf);
const { logger, steps } = stepLogger();
const trainer = new DPOTrainer({
  model,
  ref_model: null,
  args: { ...TRAINING, output_dir, eval_on_start: true, eval_strategy: "epoch" },
  train_dataset: dataset.train_prefs,
  eval_dataset: dataset.test_prefs,
  processing_class: tokenizer,
  peft_config: LORA,
  logger,
});
await trainer.train();
await trainer.dispose();
const peakRssBytes = peakRss(); // before two models are in memory
const [before, after] = trainer.state.log_history.filter((entry: LogEntry) => "eval_loss" in entry);

const after_model = await AutoModelForCausalLM.from_pretrained(output_dir);
const prompt = tokenizer.apply_chat_template([{ role: "user", content: QUESTION }], {
  tokenize: false,
  add_generation_prompt: true,
}) as string;
const answers: string[] = [];
for (const answering of [model, after_model]) {
  const { texts } = await answering.generate([prompt], {
    generation_config: { max_new_tokens: 120, do_sample: false },
  });
  answers.push(texts[0].trim());
  await answering.dispose();
}
const margins = readFileSync(join(output_dir, "eval_margins.csv"), "utf8").trim().split("\n").slice(1);
const evaluated = margins.filter((line) => line.startsWith("0,")); // before the first step
const report: SmolReport = {
  pairs: {
    train: dataset.train_prefs.num_rows,
    train_kept: steps.length, // batch 1, one epoch
    held_out: dataset.test_prefs.num_rows,
    held_out_kept: evaluated.length,
  },
  steps,
  peakRssBytes,
  before,
  after,
  answers: { before: answers[0], after: answers[1] },
};
process.stdout.write(`${JSON.stringify(report)}\n`);
