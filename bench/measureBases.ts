/**
 * @file A process that trains an adapter on a base model in float32, 8 or 4 bits; prints a BaseReport. Arguments: the
 * model (a GGUF file of SmolLM2, or a folder with random weights of its shape), the base's name in BASES, rows, epochs,
 * the run's folder, and `checkpointing` for gradient checkpointing.
 */
import { AutoModelForCausalLM, AutoTokenizer, DPOTrainer, loadDataset } from "../src/index.ts";
import { describeQuantization, storedBytes } from "../src/models/precision/quantize.ts";
import { dataFolder, preferenceTexts } from "./materials.ts";
import { peakRss } from "./peakRss.ts";
import { BASES, type BaseName, type BaseReport, conversations, LORA, TRAINING } from "./smolSettings.ts";
import { stepLogger } from "./stepLogger.ts";

const [path, base, rows, epochs, output_dir, checkpointing] = process.argv.slice(2);

const model = await AutoModelForCausalLM.from_pretrained(path, { quantization_config: BASES[base as BaseName] });
const processing_class = await AutoTokenizer.from_pretrained(path);
const { train_prefs } = await loadDataset(dataFolder);
const asked = processing_class.chat_template === null ? preferenceTexts : conversations;
const { logger, steps } = stepLogger();
const trainer = new DPOTrainer({
  model,
  ref_model: null,
  args: {
    ...TRAINING,
    num_train_epochs: Number(epochs),
    eval_strategy: "no",
    output_dir,
    gradient_checkpointing: checkpointing === "checkpointing",
  },
  train_dataset: await train_prefs.select(Array.from({ length: Number(rows) }, (_, row) => row)).map(asked),
  processing_class,
  peft_config: LORA,
  logger,
});
await trainer.train();
await trainer.dispose();
const { architecture } = model.loaded;
const report: BaseReport = {
  quantization: describeQuantization(architecture),
  weightBytes: storedBytes(architecture),
  peakRssBytes: peakRss(),
  steps,
  losses: trainer.state.log_history.flatMap(({ loss }) => (loss === undefined ? [] : [Number(loss)])),
};
process.stdout.write(`${JSON.stringify(report)}\n`);
