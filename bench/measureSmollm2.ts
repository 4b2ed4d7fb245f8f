/**
 * @file A process that takes SmolLM2 through the job: DPO on the real pairs for one epoch, held-out pairs and an answer
 * before and after; prints a SmolReport. Arguments: the GGUF file, the folder of the run.
 */
import {
  AutoModelForCausalLM,
  AutoTokenizer,
  DPOTrainer,
  type LogEntry,
  type Logger,
  loadDataset,
  type Row,
} from "../src/index.ts";
import { dataFolder } from "./materials.ts";
import { peakRss } from "./peakRss.ts";
import { LORA, QUESTION, type SmolReport, TRAINING } from "./smolSettings.ts";

const [gguf, output_dir] = process.argv.slice(2);

/** The conversations alone: their prompt is what both begin with. */
const conversations = ({ chosen, rejected }: Row): Row => ({ chosen, rejected });

const dataset = await (await loadDataset(dataFolder)).map(conversations);
const model = await AutoModelForCausalLM.from_pretrained(gguf);
const tokenizer = await AutoTokenizer.from_pretrained(gguf);
const steps: number[] = [];
let last = 0;
const nothing = () => {};
const logger: Logger = {
  ...{ info: nothing, start: nothing, step: nothing, status: nothing, end: nothing, close: nothing },
  warn: (line) => process.stderr.write(`${line}\n`),
  metrics(entry) {
    const now = performance.now();
    if (entry.loss !== undefined) steps.push((now - last) / 1000); // logged after each step
    last = now;
  },
};
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
const peakRssBytes = peakRss(); // before two models answer at once
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
const report: SmolReport = { steps, peakRssBytes, before, after, answers: { before: answers[0], after: answers[1] } };
process.stdout.write(`${JSON.stringify(report)}\n`);
