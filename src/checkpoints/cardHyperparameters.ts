/** @file The hyperparameters of a model card: the names and the order of transformers' Trainer, then prefine's own. */
import type { DPOConfig } from "../config/DPOConfig.ts";
import { pythonFloat } from "../formats/pythonFloat.ts";
import type { AdapterConfig } from "./adapterConfig.ts";

/** The settings that a card shows; a DPOConfig has them all. Nothing else of a config gets into a card. */
export type CardSettings = Pick<
  DPOConfig,
  | "learning_rate"
  | "per_device_train_batch_size"
  | "per_device_eval_batch_size"
  | "seed"
  | "gradient_accumulation_steps"
  | "optim"
  | "optim_args"
  | "adam_beta1"
  | "adam_beta2"
  | "adam_epsilon"
  | "weight_decay"
  | "max_grad_norm"
  | "lr_scheduler_type"
  | "warmup_steps"
  | "max_steps"
  | "num_train_epochs"
  | "beta"
  | "loss_type"
  | "max_length"
>;

export type CardAdapter = Pick<AdapterConfig, "r" | "lora_alpha" | "lora_dropout" | "target_modules">;

export interface Hyperparameters {
  settings: CardSettings;
  /** null: all parameters were trained. */
  adapter: CardAdapter | null;
  /** How the base model was kept, where that was not float32: `4 bits (nf4) in all 28 linear layers`. */
  quantization?: string | null;
}

type Line = [name: string, value: number | string];

/** One text per hyperparameter, `name: value`; pure. */
export function hyperparameters({ settings: s, adapter, quantization }: Hyperparameters): string[] {
  const total = s.per_device_train_batch_size * s.gradient_accumulation_steps;
  const lines: Line[] = [
    ["learning_rate", pythonFloat(s.learning_rate)],
    ["train_batch_size", s.per_device_train_batch_size],
    ["eval_batch_size", s.per_device_eval_batch_size],
    ["seed", s.seed],
    ...optional("gradient_accumulation_steps", s.gradient_accumulation_steps > 1 && s.gradient_accumulation_steps),
    ...optional("total_train_batch_size", total !== s.per_device_train_batch_size && total),
    ["optimizer", optimizer(s)],
    ["lr_scheduler_type", s.lr_scheduler_type],
    ...optional("lr_scheduler_warmup_steps", s.warmup_steps !== 0 && s.warmup_steps),
    s.max_steps > 0 ? ["training_steps", s.max_steps] : ["num_epochs", s.num_train_epochs],
    ...optional("weight_decay", s.weight_decay !== 0 && s.weight_decay),
    ["max_grad_norm", pythonFloat(s.max_grad_norm)],
    ["beta", pythonFloat(s.beta)],
    ["loss_type", s.loss_type.join(", ")],
    ["max_length", s.max_length ?? "None"],
    ...optional("base_model_quantization", quantization ?? false),
    ...(adapter ? adapterSettings(adapter) : []),
  ];
  return lines.map((line) => line.join(": "));
}

const optional = (name: string, value: number | string | false): Line[] => (value === false ? [] : [[name, value]]);

/** transformers 5.23's line, which has a second one for optimizers whose name says nothing of Adam. */
function optimizer({ optim, optim_args, adam_beta1, adam_beta2, adam_epsilon }: CardSettings): string {
  const args = optim_args || "No additional optimizer arguments";
  if (!optim.includes("adam")) return `Use ${optim} and the args are:\n${args}`;
  const betas = `(${pythonFloat(adam_beta1)},${pythonFloat(adam_beta2)})`;
  return `Use ${optim} with betas=${betas} and epsilon=${pythonFloat(adam_epsilon)} and optimizer_args=${args}`;
}

function adapterSettings(adapter: CardAdapter): Line[] {
  return [
    ["lora_r", adapter.r],
    ["lora_alpha", adapter.lora_alpha],
    ["lora_dropout", pythonFloat(adapter.lora_dropout)],
    ["lora_target_modules", [adapter.target_modules].flat().join(", ")],
  ];
}
