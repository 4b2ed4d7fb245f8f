/** @file A program of someone who has installed prefine: package.sh checks its types, then runs it as JavaScript. */
import {
  AutoModelForCausalLM,
  type Dataset,
  DPOConfig,
  DPOTrainer,
  type DPOTrainerOptions,
  GenerationConfig,
  LoraConfig,
  loadDataset,
  PrefineError,
} from "prefine";

const demo = "node_modules/prefine/demo";
const rows: Dataset = (await loadDataset(`${demo}/everyday-preferences`)).test_prefs;
const numRows: number = rows.numRows;

const model = await AutoModelForCausalLM.from_pretrained(`${demo}/everyday-gpt2`);
const generation_config = new GenerationConfig({ max_new_tokens: 8 });
const [ids] = await model.generate("Why is the sky blue?", { generation_config });
await model.dispose();

const options: Omit<DPOTrainerOptions, "model"> = {
  args: new DPOConfig({ output_dir: "dpo", beta: 0.2 }),
  train_dataset: rows,
  peft_config: new LoraConfig({ r: 4 }),
};
// @ts-expect-error there is no such option
const misspelled = () => new DPOConfig({ output_dir: "dpo", betta: 0.2 });

let code = "";
try {
  misspelled();
} catch (error) {
  if (error instanceof PrefineError) code = error.code;
}
console.log(`${numRows} rows, ${ids.length} ids, ${typeof DPOTrainer}, beta ${options.args?.beta}, ${code}`);
if (numRows !== 72 || ids.length < 4 || code !== "config") throw new Error("expected 72 rows, new ids, a config error");
