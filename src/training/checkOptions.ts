/** @file Checks the options of DPOTrainer and of its methods, all problems together. */
import {
  abortSignal,
  anyFunction,
  anything,
  bool,
  checkOptions,
  checkValue,
  describeValue,
  either,
  integerFrom,
  isPromise,
  nullable,
  objectWith,
  options,
  optionsOf,
  text,
  type ValueCheck,
} from "../arguments.ts";
import type { DPOConfig } from "../config/DPOConfig.ts";
import { checkShapeOptions } from "../data/shapes/shapeOptions.ts";
import { aTokenizer } from "../data/tokenizers/checkCalls.ts";
import { PrefineError } from "../errors.ts";
import { pushAll } from "../lists.ts";
import { problemsOf } from "../phrases.ts";
import { evaluationFaults, rowsFault } from "./prepare/checkRows.ts";
import type { DPOTrainerOptions, TrainOptions } from "./trainerOptions.ts";

const model: ValueCheck = {
  expected: "a model from AutoModelForCausalLM.from_pretrained, a hub id or a folder",
  accepts: (value) => (typeof value === "string" ? value !== "" : isModel(value)),
};

function isModel(value: unknown): boolean {
  return typeof value === "object" && value !== null && ("loaded" in value || "architecture" in value);
}

const config = (name: string): ValueCheck => ({ ...options, expected: `a ${name}, or an object with its options` });
const list: ValueCheck = { expected: "a list of callbacks", accepts: Array.isArray };

const TRAINER_OPTIONS = optionsOf<DPOTrainerOptions>("DPOTrainer", {
  model: anything, // with train_dataset, below: neither is needed with `prepared`
  ref_model: nullable(model),
  args: nullable(config("DPOConfig")),
  train_dataset: anything,
  eval_dataset: anything,
  to_preferences: nullable(options), // its options are checked below
  processing_class: nullable(aTokenizer),
  tokenizer: nullable(aTokenizer),
  peft_config: nullable(config("LoraConfig")),
  quantization_config: nullable(config("BitsAndBytesConfig")),
  max_length: nullable(integerFrom(1)),
  max_prompt_length: nullable(integerFrom(1)),
  compute_metrics: nullable(anyFunction),
  callbacks: nullable(list),
  dataset_name: nullable(text),
  script_args: nullable(options),
  logger: objectWith("a logger, such as createLogger()", "info", "warn"),
  prepared: anyFunction,
});

const TRAIN_OPTIONS = optionsOf<TrainOptions>("train", {
  signal: abortSignal,
  resume_from_checkpoint: nullable(either(bool, text)),
});

/** Arguments of TRL's trainer and transformers' that are not built. */
const NOT_BUILT = {
  data_collator: "prefine collates the pairs itself",
  optimizers: "set args.optim and args.lr_scheduler_type",
  optimizer_cls_and_kwargs: "set args.optim and args.optim_args",
  preprocess_logits_for_metrics: "compute_metrics receives log-probabilities per pair",
  model_init: "pass the model",
};

/**
 * What a stream of rows needs, as in transformers, and what needs all rows.
 * @throws PrefineError("config") with all problems.
 */
export function checkStreaming(args: DPOConfig): void {
  const problems: string[] = [];
  if (args.max_steps <= 0) {
    problems.push(
      `max_steps: expected a number above 0, since a stream has no number of rows, found ${args.max_steps}`,
    );
  }
  if (args.precompute_ref_log_probs)
    problems.push("precompute_ref_log_probs: expected false, since a stream is never read as a whole, found true");
  if (args.train_sampling_strategy === "group_by_length")
    problems.push("train_sampling_strategy: a stream keeps its order; group_by_length needs the lengths of all rows");
  if (problems.length === 0) return;
  throw new PrefineError("config", problemsOf("a stream of rows", problems), "Or load the dataset without streaming.");
}

/** @throws PrefineError("config") with all unknown options and values of a wrong kind, one line each. */
export function checkTrainerOptions(given: unknown): void {
  const example = 'Pass its options: new DPOTrainer({ model: "gpt2", train_dataset: dataset.train }).';
  checkValue("DPOTrainer", given, options, example);
  const { prepared, model: policy, train_dataset, eval_dataset } = given as Partial<DPOTrainerOptions>;
  const faults: [string, string][] = [];
  if (prepared === undefined) {
    if (isPromise(policy) || !model.accepts(policy))
      faults.push(["model", `expected ${model.expected}, found ${describeValue(policy)}`]);
    const fault = rowsFault(train_dataset);
    if (fault !== undefined) faults.push(["train_dataset", fault]);
  }
  pushAll(faults, evaluationFaults(eval_dataset));
  const rest = { ...(given as Partial<DPOTrainerOptions>) };
  for (const name of ["model", "train_dataset", "eval_dataset"] as const) delete rest[name];
  if (rest.to_preferences !== undefined) checkShapeOptions("to_preferences", rest.to_preferences ?? {});
  const lines = faults.map(([name, fault]) => `${name}: ${fault}`);
  checkOptions("DPOTrainer", rest, TRAINER_OPTIONS, { notBuilt: NOT_BUILT, problems: lines });
}

/** @throws PrefineError("config") as {@link checkTrainerOptions} does. */
export function checkTrainOptions(given: unknown): void {
  if (typeof given === "string" || typeof given === "boolean") {
    const hint = `Write train({ resume_from_checkpoint: ${JSON.stringify(given)} }).`;
    throw new PrefineError("config", `train: expected an object with options, found ${describeValue(given)}`, hint);
  }
  checkOptions<TrainOptions>("train", given, TRAIN_OPTIONS);
}

export function checkPrepareOptions(given: unknown): void {
  checkOptions<Pick<TrainOptions, "signal">>("prepare", given, { signal: abortSignal });
}

/** Settings of accelerate that would give the ranks of a job other rows. */
const OTHER_SHARDS = { split_batches: true, dispatch_batches: true, even_batches: false } as const;

/**
 * @param options.isStream whether the rows to train on are a stream: TRL never dispatches those.
 * @throws PrefineError("not-yet") for them.
 */
export function checkShards({ accelerator_config }: DPOConfig, { isStream }: { isStream: boolean }): void {
  const given = accelerator_config as Record<string, unknown> | null;
  const isIgnored = (name: string) => isStream && name === "dispatch_batches";
  const wrong = Object.entries(OTHER_SHARDS).filter(([name, value]) => given?.[name] === value && !isIgnored(name));
  if (wrong.length === 0) return;
  const list = wrong.map(([name, value]) => `${name}: ${value}`).join(", ");
  const message = `accelerator_config.${list}: not yet: would give each of several processes other rows`;
  throw new PrefineError("not-yet", message, "Remove it, or train in one process.");
}

/** @throws PrefineError("config") if an evaluation is asked for, and there is nothing to evaluate. */
export function checkEvaluation(args: DPOConfig, { eval_dataset, prepared }: DPOTrainerOptions): void {
  const option =
    args.eval_strategy === "no" ? args.eval_on_start && "eval_on_start" : `eval_strategy ${args.eval_strategy}`;
  if (!option || eval_dataset || prepared) return;
  const message = `${option}: expected an eval_dataset, found none`;
  const hint = args.eval_strategy === "no" ? "Pass one, or remove it." : `Pass one, or set eval_strategy to "no".`;
  throw new PrefineError("config", message, hint);
}
