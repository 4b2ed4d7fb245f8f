/** @file trl.DPOConfig: checks all of its and TrainingArguments' fields, including old names. */
import { show } from "../errors.ts";
import { homeFolder } from "../host.ts";
import { accumulationSteps } from "./acceleratorConfig.ts";
import { readBitsAndBytesConfig } from "./BitsAndBytesConfig.ts";
import { bestModelOptions, checkBestModel } from "./bestModel.ts";
import { checkObjective } from "./checkObjective.ts";
import type { DPOConfigInput, DPOConfig as DPOConfigValues } from "./generated/DPOConfig.ts";
import type { RunTable, Table, Values } from "./option.ts";
import { DPO_OPTIONS } from "./options/dpo.ts";
import { EVALUATION_OPTIONS } from "./options/evaluation.ts";
import { NO_EFFECT_MODEL_ARGUMENTS } from "./options/modelConfig.ts";
import { OPTIMIZATION_OPTIONS } from "./options/optimization.ts";
import { RENAMED_DPO_NAMES } from "./options/renamedNames.ts";
import { SYSTEM_OPTIONS } from "./options/system.ts";
import { type GivenValues, givenBy, givenFrom, labelsOf, readOptions } from "./readOptions.ts";
import { Report } from "./report.ts";
import { resolveLosses } from "./resolveLosses.ts";
import { shownBriefly } from "./shownBriefly.ts";

/** All training options, in the order of help and documentation. */
export const TRAINING_OPTIONS = {
  ...OPTIMIZATION_OPTIONS,
  ...DPO_OPTIONS,
  ...EVALUATION_OPTIONS,
  ...SYSTEM_OPTIONS,
} satisfies RunTable;

type TrainingValues = Values<typeof TRAINING_OPTIONS>;

export type { DPOConfigInput };
/** All settings of a DPO training run: checked, complete and frozen. */
export interface DPOConfig extends DPOConfigValues {}

interface DPOConfigConstructor {
  /** @param input TRL's options, all optional. Hover over one for its help, default and support. */
  new (input?: DPOConfigInput): DPOConfig;
  (input?: DPOConfigInput): DPOConfig;
}

const reports = new WeakMap<object, Pick<Report, "advice" | "warning">>();

/**
 * trl.DPOConfig with TRL's names and defaults; `new` may be omitted. Returns a DPOConfig unchanged.
 * @throws PrefineError with all unknown keys, wrong values and options that are not built yet, one line each.
 */
export const DPOConfig = function DPOConfig(input: DPOConfigInput = {}): DPOConfig {
  if (isDPOConfig(input)) return input;
  const report = new Report();
  const config = readDPOConfig(resolveLosses(givenBy("DPOConfig", input), report), report);
  report.throwProblems("DPOConfig");
  return withAdvice(config, report);
} as DPOConfigConstructor;

/** All settings except secrets, for saving and display. */
export function publicArguments(config: DPOConfig): Record<string, unknown> {
  const table: Table = TRAINING_OPTIONS;
  return Object.fromEntries(Object.entries(config).filter(([name]) => !table[name]?.secret));
}

/** Lines of advice to print once: renamed names, options without effect, float32. */
export function adviceOf(config: DPOConfig): readonly string[] {
  return reports.get(config)?.advice ?? [];
}

/** The warning to print once: options without effect that users rely on; undefined: there are none. */
export function warningOf(config: DPOConfig): string | undefined {
  return reports.get(config)?.warning;
}

export function withAdvice(config: DPOConfig, report: Pick<Report, "advice" | "warning">): DPOConfig {
  reports.set(config, report);
  return shownBriefly("DPOConfig", TRAINING_OPTIONS, config);
}

function isDPOConfig(input: unknown): input is DPOConfig {
  return typeof input === "object" && input !== null && reports.has(input);
}

/** Reads and checks the training options; problems and advice go to `report`. */
export function readDPOConfig(given: GivenValues, report: Report): DPOConfig {
  const values = readOptions(TRAINING_OPTIONS, given, RENAMED_DPO_NAMES, report);
  const label = labelsOf(given);
  checkPrecision(values, label, report);
  checkLength(values, label, report);
  checkIntervals(values, label, report);
  checkObjective(values, label, report);
  checkModelArguments(values, label, report);
  checkBestModel(values, label, report);
  checkMovingReference(values, label, report);
  return {
    ...values,
    ...bestModelOptions(values),
    gradient_accumulation_steps: accumulationSteps(values, label, report),
    output_dir: (values.output_dir ?? "trainer_output").replace(/^~(?=\/|$)/, (tilde) => homeFolder() ?? tilde),
    eval_steps: values.eval_strategy === "steps" ? values.eval_steps || values.logging_steps : values.eval_steps,
    report_to: reportTargets(values.report_to ?? [], label, report),
  };
}

type Check = (values: TrainingValues, label: (key: string) => string, report: Report) => void;

const checkPrecision: Check = (values, label, report) => {
  if (values.fp16 && values.bf16) {
    report.problem(label("fp16"), `expected one of fp16 and bf16, found both; prefine trains in float32 with either`);
  } else if (values.fp16) {
    report.advise(label("fp16"), "prefine trains in float32, as TRL does with fp16: false");
  }
  if (values.fp16_full_eval) report.advise(label("fp16_full_eval"), "prefine evaluates in float32");
  // unset is true in TRL: COMPATIBILITY.md says so, and a line at every start would be noise
  if (values.bf16) report.advise(label("bf16"), "prefine trains in float32, as TRL does with bf16: false");
};

/** transformers reads any number below 0 as -1, and 0 as a run whose schedule ends before its only step. */
const checkLength: Check = ({ max_steps }, label, report) => {
  if (max_steps !== 0) return;
  report.problem(
    label("max_steps"),
    "expected a number of steps above 0, or -1 to train for num_train_epochs, found 0; to measure without training, " +
      "call evaluate()",
  );
};

/** Intervals are integers, or below 1 a share of all steps, and not 0 if they are used. */
const checkIntervals: Check = (values, label, report) => {
  const strategies = { logging: values.logging_strategy, eval: values.eval_strategy, save: values.save_strategy };
  for (const [event, strategy] of Object.entries(strategies)) {
    const key = `${event}_steps` as "logging_steps" | "eval_steps" | "save_steps";
    const steps = values[key];
    if (strategy !== "steps" || steps === null) continue;
    const isWhole = steps < 1 || Number.isInteger(steps);
    if (!isWhole) report.problem(label(key), `expected an integer, or a share of all steps below 1, found ${steps}`);
    if (steps === 0 && event !== "eval")
      report.problem(label(key), `expected more than 0 with ${event}_strategy steps`);
  }
  const warmup = values.warmup_steps;
  if (warmup >= 1 && !Number.isInteger(warmup)) {
    report.problem(label("warmup_steps"), `expected an integer, or a share of all steps below 1, found ${warmup}`);
  }
};

const checkMovingReference: Check = (values, label, report) => {
  if (values.sync_ref_model && values.precompute_ref_log_probs) {
    const why = "precomputed log-probabilities are wrong once the reference changes";
    report.problem(label("sync_ref_model"), `expected precompute_ref_log_probs: false with it, found true; ${why}`);
  }
};

const checkModelArguments: Check = (values, label, report) => {
  for (const [key, value] of Object.entries(values.model_init_kwargs ?? {})) {
    if (key === "revision" || value === null || value === false) continue;
    const name = `${label("model_init_kwargs")}.${key}`;
    if (key === "quantization_config") {
      readBitsAndBytesConfig(givenFrom(Object(value), name), report);
      continue;
    }
    if (NO_EFFECT_MODEL_ARGUMENTS.has(key)) report.advise(name, "no effect: prefine loads float32 on the CPU");
    else report.notYet(name, `${show(value)} is not built`);
  }
};

function reportTargets(targets: readonly string[], label: (key: string) => string, report: Report): "tensorboard"[] {
  const others = targets.filter((target) => !["none", "all", "tensorboard"].includes(target));
  if (others.length > 0) {
    report.ignore(
      `${label("report_to")}: ${others.join(", ")}`,
      "logs go to trainer_state.json and, with report_to: tensorboard, to event files",
    );
    report.promote(label("run_name"), "a run's name is its output_dir"); // a tracker's name for it
  }
  return targets.includes("tensorboard") || targets.includes("all") ? ["tensorboard"] : [];
}
