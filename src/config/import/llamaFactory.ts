/** @file LLaMA-Factory's YAML for stage: dpo -> a run file. */
import { PrefineError, show } from "../../errors.ts";
import { type ImportFiles, readFactoryData } from "./llamaFactoryData.ts";
import { FACTORY_FAMILIES, FACTORY_RULES } from "./llamaFactoryRules.ts";
import { applyRules, checkKinds, type Imported, type KeyKinds, listOfTexts, noEqual, setDefaults } from "./rules.ts";

/** pref_loss -> loss_type. */
const LOSSES: Readonly<Record<string, string>> = {
  ...{ sigmoid: "sigmoid", hinge: "hinge", ipo: "ipo", orpo: "orpo", simpo: "simpo" },
};

const KINDS: KeyKinds = {
  ...{ model_name_or_path: "name", stage: "name", finetuning_type: "name", template: "name", pref_loss: "name" },
  ...{ dataset: "names", eval_dataset: "names", adapter_name_or_path: "names", lora_target: "names" },
  ...{ additional_target: "names", dataset_dir: "name" },
};

/** @throws PrefineError("config") for another stage, or a loss that prefine does not have. */
export async function importLlamaFactory(
  given: Record<string, unknown>,
  file: string,
  files: ImportFiles,
): Promise<Imported> {
  checkKinds(given, file, KINDS);
  const stage = given.stage ?? "sft";
  const isOrpo = stage === "orpo"; // until 0.7
  const loss = String(isOrpo ? "orpo" : (given.pref_loss ?? given.dpo_loss ?? "sigmoid"));
  if (stage !== "dpo" && !isOrpo) {
    const message = `${file}: stage: expected dpo, found ${show(stage)}`;
    throw new PrefineError("config", message, "prefine trains on pairs of answers alone.");
  }
  if (!Object.hasOwn(LOSSES, loss)) {
    const message = `${file}: pref_loss: expected one of ${Object.keys(LOSSES).join(", ")}, found ${show(loss)}`;
    throw new PrefineError("config", message, "kto_pair was removed from TRL; bco_pair and apo_zero are close to it.");
  }
  const imported = applyRules(given, { tool: "LLaMA-Factory", rules: FACTORY_RULES, families: FACTORY_FAMILIES });
  readLoss(imported, given, loss);
  readAdapter(imported, given);
  readQuantization(imported, given);
  await readFactoryData(imported, given, files);
  if (given.template) {
    const text = `${show(given.template)} is LLaMA-Factory's own; the tokenizer's chat template is used`;
    noEqual(imported, "template", text, true);
  }
  if (given.hf_hub_token) noEqual(imported, "hf_hub_token", "a secret is not copied; set HF_TOKEN", false);
  setDefaults(imported, { max_length: 2048, learning_rate: 5e-5, num_train_epochs: 3, logging_steps: 500 });
  return imported;
}

function readLoss(imported: Imported, given: Record<string, unknown>, loss: string): void {
  const { keys } = imported;
  const smoothing = Number(given.dpo_label_smoothing ?? 0);
  const isSmooth = smoothing > 0 && loss === "sigmoid";
  keys.loss_type = isSmooth ? "cdpo" : LOSSES[loss];
  if (isSmooth) keys.label_smoothing = smoothing;
  else if (smoothing > 0) readUnusedSmoothing(imported, loss);
  if (loss === "simpo") keys.simpo_gamma = given.simpo_gamma ?? 0.5;
  const weight = Number(given.pref_ftx ?? given.dpo_ftx ?? 0);
  if (weight > 0) Object.assign(keys, { loss_type: [keys.loss_type, "sft"], loss_weights: [1, weight] });
  if (weight === 0 && loss !== "orpo") return;
  const text = "the likelihood of chosen answers is a mean over the batch's tokens here, over its pairs there";
  noEqual(imported, weight > 0 ? "pref_ftx" : "pref_loss", text, true);
}

/** Its simpo smooths labels, as its authors' does; TRL's other losses do not read the option. */
function readUnusedSmoothing(imported: Imported, loss: string): void {
  const isRead = loss === "simpo";
  const text = isRead ? "simpo has no smoothed labels here" : `no effect on pref_loss ${loss} there, either`;
  noEqual(imported, "dpo_label_smoothing", text, isRead);
}

function readAdapter(imported: Imported, given: Record<string, unknown>): void {
  const { keys } = imported;
  const kind = String(given.finetuning_type ?? "lora");
  const [start, ...more] = listOfTexts(given.adapter_name_or_path ?? []);
  if (start !== undefined) keys.adapter_name_or_path = start;
  if (more.length > 0)
    noEqual(imported, "adapter_name_or_path", `${more.length + 1} adapters; merge all but one into the model`, true);
  if (kind === "full") return;
  if (kind !== "lora") noEqual(imported, "finetuning_type", `${show(kind)} is not built; lora is`, true);
  const rank = Number(given.lora_rank ?? 8);
  const targets = listOfTexts(given.lora_target ?? "all");
  Object.assign(keys, {
    use_peft: true,
    lora_r: rank,
    lora_alpha: given.lora_alpha ?? 2 * rank,
    lora_dropout: given.lora_dropout ?? 0,
    lora_target_modules: targets.join() === "all" ? "all-linear" : targets,
  });
  if (given.additional_target) keys.lora_modules_to_save = listOfTexts(given.additional_target);
  for (const name of ["use_rslora", "use_dora"]) if (given[name]) keys[name] = true;
}

function readQuantization(imported: Imported, given: Record<string, unknown>): void {
  const { keys } = imported;
  const { quantization_bit: bits, quantization_method: method = "bnb" } = given;
  if (!bits) return;
  if (Number(bits) === 8) keys.load_in_8bit = true;
  else if (Number(bits) === 4) {
    keys.load_in_4bit = true;
    keys.bnb_4bit_quant_type = given.quantization_type ?? "nf4";
    keys.use_bnb_nested_quant = given.double_quantization ?? true;
  } else noEqual(imported, "quantization_bit", `${show(bits)} bits are not built; 4 and 8 are`, true);
  if (!/^(bnb|bitsandbytes)$/.test(String(method)))
    noEqual(imported, "quantization_method", `${show(method)} is not built; 4 bits are as in bitsandbytes`, true);
}
