/** @file Axolotl's YAML for rl: dpo, ipo, orpo or simpo -> a run file. */
import { PrefineError, show } from "../../errors.ts";
import { isObject } from "../../formats/parseJson.ts";
import { readAxolotlData } from "./axolotlData.ts";
import { AXOLOTL_FAMILIES, AXOLOTL_RULES } from "./axolotlRules.ts";
import { applyRules, checkKinds, type Imported, type KeyKinds, noEqual, setDefaults } from "./rules.ts";

/** rl -> loss_type. */
const LOSSES: Readonly<Record<string, string | undefined>> = {
  dpo: "sigmoid",
  ipo: "ipo",
  orpo: "orpo",
  simpo: "simpo",
};

const KINDS: KeyKinds = {
  ...{ base_model: "name", rl: "name", adapter: "name", chat_template: "name" },
  ...{ datasets: "datasets", test_datasets: "datasets", lora_target_modules: "names" },
};

/** @throws PrefineError("config") for an objective that prefine does not have. */
export function importAxolotl(given: Record<string, unknown>, file: string): Imported {
  checkKinds(given, file, KINDS);
  const objective = String(given.rl ?? "").toLowerCase();
  if (LOSSES[objective] === undefined) {
    const found = given.rl === undefined ? "none: this is supervised fine-tuning" : show(given.rl);
    const message = `${file}: rl: expected one of ${Object.keys(LOSSES).join(", ")}, found ${found}`;
    throw new PrefineError("config", message, "prefine trains on pairs of answers alone.");
  }
  const imported = applyRules(given, { tool: "Axolotl", rules: AXOLOTL_RULES, families: AXOLOTL_FAMILIES });
  readLoss(imported, given, objective);
  readAdapter(imported, given);
  readSteps(imported, given);
  readTokens(imported, given);
  readAxolotlData(imported, given);
  readTrl(imported, given);
  setDefaults(imported, { max_length: 512, lr_scheduler_type: "cosine", save_total_limit: 4 });
  if (!Object.hasOwn(imported.keys, "warmup_ratio")) setDefaults(imported, { warmup_steps: 0.03 });
  return imported;
}

function readLoss(imported: Imported, given: Record<string, unknown>, objective: string): void {
  const { keys } = imported;
  const nested = isObject(given.trl) ? given.trl.beta : undefined;
  const beta = nested ?? given.rl_beta ?? given.dpo_beta ?? (objective === "orpo" ? given.orpo_alpha : undefined);
  if ((beta ?? null) !== null) keys.beta = beta;
  if (objective !== "dpo" || !Object.hasOwn(keys, "loss_type")) keys.loss_type = LOSSES[objective];
  // trl's releases that Axolotl runs smooth sigmoid, too
  if (keys.loss_type === "sigmoid" && Number(keys.label_smoothing) > 0) keys.loss_type = "cdpo";
  if (objective !== "simpo") return;
  keys.simpo_gamma = given.simpo_gamma ?? 0.5;
  const weight = given.cpo_alpha ?? 1; // TRL's CPOConfig, which Axolotl's simpo is
  if (weight === 0) return;
  Object.assign(keys, { loss_type: ["simpo", "sft"], loss_weights: [1, weight] });
  const text = `it adds cpo_alpha (${show(weight)}) x the likelihood of chosen answers, which is loss_type sft here`;
  noEqual(imported, "rl", text, false);
}

function readAdapter(imported: Imported, given: Record<string, unknown>): void {
  const { keys } = imported;
  const { adapter, load_in_4bit, load_in_8bit, lora_target_linear } = given;
  if (!adapter) return;
  if (!/^q?lora$/.test(String(adapter))) noEqual(imported, "adapter", `${show(adapter)} is not built`, true);
  keys.use_peft = true;
  if (lora_target_linear === true) keys.lora_target_modules = "all-linear";
  if (load_in_8bit === true) keys.load_in_8bit = true;
  if (load_in_4bit === true || (adapter === "qlora" && load_in_4bit !== false)) {
    const kwargs = isObject(given.bnb_config_kwargs) ? given.bnb_config_kwargs : {};
    keys.load_in_4bit = true;
    keys.use_bnb_nested_quant = kwargs.bnb_4bit_use_double_quant ?? true;
    keys.bnb_4bit_quant_type = kwargs.bnb_4bit_quant_type ?? "nf4";
  }
  setDefaults(imported, { lora_dropout: 0 });
  if (Number(keys.lora_dropout) > 0)
    noEqual(imported, "lora_dropout", "TRL's disable_dropout is true by default, so it has no effect", false);
}

function readSteps(imported: Imported, given: Record<string, unknown>): void {
  const { keys } = imported;
  const micro = Number(given.micro_batch_size ?? 1);
  const epochs = Number(given.num_epochs ?? 1);
  keys.num_train_epochs = epochs;
  keys.per_device_train_batch_size = micro;
  setDefaults(imported, { per_device_eval_batch_size: micro });
  const whole = Number(given.batch_size ?? 0);
  if (whole > 0) setDefaults(imported, { gradient_accumulation_steps: Math.max(1, Math.floor(whole / micro)) });
  for (const [event, name] of [["eval", "evals_per_epoch"] as const, ["save", "saves_per_epoch"] as const]) {
    const times = Number(given[name] ?? 0) * epochs;
    if (times > 1) Object.assign(keys, { [`${event}_strategy`]: "steps", [`${event}_steps`]: 1 / times });
    else if (times === 1) keys[`${event}_strategy`] = "epoch";
  }
  if (Object.hasOwn(keys, "save_steps")) keys.save_strategy = "steps";
  setDefaults(imported, { save_strategy: "epoch" });
  if (!given.cosine_min_lr_ratio) return;
  keys.lr_scheduler_type = "cosine_with_min_lr";
  keys.lr_scheduler_kwargs = { min_lr_rate: given.cosine_min_lr_ratio };
}

/** The block `trl`, of which DPO reads beta alone. */
function readTrl(imported: Imported, { trl }: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(isObject(trl) ? trl : {})) {
    if (key !== "beta" && value !== null) noEqual(imported, `trl.${key}`, "Axolotl reads it for GRPO alone", false);
  }
}

/** Axolotl's chatml.jinja. */
const CHATML =
  "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}" +
  "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + " +
  "'\\n'}}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

function readTokens(imported: Imported, given: Record<string, unknown>): void {
  const { keys } = imported;
  for (const [name, token] of Object.entries(isObject(given.special_tokens) ? given.special_tokens : {})) {
    if (name === "pad_token") keys.pad_token = token;
    else noEqual(imported, `special_tokens.${name}`, "the tokenizer's own is used", true);
  }
  const { chat_template, chat_template_jinja } = given;
  if (typeof chat_template_jinja === "string") keys.chat_template = chat_template_jinja;
  else if (typeof chat_template === "string" && chat_template.includes("{%")) keys.chat_template = chat_template;
  else if (chat_template === "chatml") keys.chat_template = CHATML;
  else if (chat_template && !/^tokenizer_default/.test(String(chat_template))) {
    const text = `${chat_template} is one of Axolotl's own; give its text as chat_template`;
    noEqual(imported, "chat_template", `${text}, or the tokenizer's is used`, true);
  }
}
