/** @file A whole run as data: the options of `trl dpo --config run.yaml --key value`, and prefine's own. */
import { options as anOptions, checkOptions, checkValue, objectWith, texts } from "../arguments.ts";
import { PrefineError, show } from "../errors.ts";
import { isObject } from "../formats/parseJson.ts";
import { BitsAndBytesConfig } from "./BitsAndBytesConfig.ts";
import { type DPOConfig, readDPOConfig, TRAINING_OPTIONS, withAdvice } from "./DPOConfig.ts";
import { type DatasetConfig, readMixture } from "./datasetMixture.ts";
import { parseFlags } from "./flags.ts";
import type { RunInput } from "./generated/RunInput.ts";
import { checkTargets, LoraConfig } from "./LoraConfig.ts";
import type { Table, Values } from "./option.ts";
import "./optionHomes.ts"; // where unknown keys belong, in messages
import { MODEL_OPTIONS } from "./options/modelConfig.ts";
import { RENAMED_RUN_NAMES } from "./options/renamedNames.ts";
import { SCRIPT_OPTIONS } from "./options/scriptArguments.ts";
import { type GivenValues, givenBy, readOptions } from "./readOptions.ts";
import { type HandbookMixture, readRecipeData } from "./recipeData.ts";
import { translateRenamed } from "./renamed.ts";
import { type Note, Report } from "./report.ts";
import { resolveLosses } from "./resolveLosses.ts";
import { parseRunFile } from "./runFile.ts";

/** Every key of a run file and flag of `prefine train`, in the order of help. */
export const RUN_OPTIONS = { ...MODEL_OPTIONS, ...SCRIPT_OPTIONS, ...TRAINING_OPTIONS };

/** trl.ScriptArguments, and prefine's data_files, process and token. */
export type ScriptArguments = Omit<Values<typeof SCRIPT_OPTIONS>, "datasets" | "dataset_mixture"> & {
  readonly datasets: readonly DatasetConfig[];
  readonly dataset_mixture: HandbookMixture | null;
};
/** trl.ModelConfig, and prefine's adapter_name_or_path. */
export type ModelConfig = Values<typeof MODEL_OPTIONS>;

export type { RunInput };

export interface RunConfig {
  readonly script: ScriptArguments;
  readonly model: ModelConfig;
  readonly args: DPOConfig;
  /** From use_peft and lora_*; null: trains all weights, or the adapter of adapter_name_or_path applies. */
  readonly peft_config: LoraConfig | null;
  /**
   * From load_in_8bit, load_in_4bit or model_init_kwargs; null: not quantized; undefined: not set, and a resumed run or
   * a reused adapter keeps the earlier quantization.
   */
  readonly quantization_config: BitsAndBytesConfig | null | undefined;
  /** Lines of advice to print once, including those of `args`. */
  readonly advice: readonly string[];
  /** Keys set by the file or flags, under their current names. */
  readonly given: ReadonlySet<string>;
}

const RUN_FILE = objectWith("a run file, { name, text }", "name", "text");

/**
 * A run from a run file's text and command-line flags, which override the file.
 * @returns the run, and the file's environment variables, which the caller sets before training.
 * @throws PrefineError with all problems of file and flags, one line each.
 */
export function parseRun(source: RunSource): {
  run: RunConfig;
  env: Record<string, string>;
} {
  checkValue("parseRun", source, anOptions, 'Pass { file: { name: "run.yaml", text } }, or { flags }.');
  checkOptions<RunSource>("parseRun", source, { file: RUN_FILE, flags: texts });
  return parseWith(source, new Report());
}

interface RunSource {
  file?: { name: string; text: string } | undefined;
  flags?: readonly string[] | undefined;
}

/** The keys of a run file and flags as they are written, and what there is to say about them. */
export interface ExaminedRun {
  labels: string[];
  notes: readonly Note[];
  env: Record<string, string>;
  /** Undefined: file or flags have problems. */
  run: RunConfig | undefined;
}

/** As {@link parseRun}, but lists problems instead of throwing. @throws PrefineError for broken YAML. */
export function examineRun(source: RunSource): ExaminedRun {
  const report = new Report();
  const file = source.file ? parseRunFile(source.file.name, source.file.text) : { given: new Map(), env: {} };
  const flags = parseFlags(source.flags ?? [], RUN_OPTIONS, RENAMED_RUN_NAMES, new Report());
  const labels = [...file.given, ...flags].map(([, { label }]) => label);
  try {
    return { labels, notes: report.notes, ...parseWith(source, report) };
  } catch (error) {
    if (!report.notes.some(({ kind }) => kind === "problem")) throw error;
    return { labels, notes: report.notes, env: file.env, run: undefined };
  }
}

function parseWith(source: RunSource, report: Report): { run: RunConfig; env: Record<string, string> } {
  const file = source.file ? parseRunFile(source.file.name, source.file.text) : { given: new Map(), env: {} };
  const flags = parseFlags(source.flags ?? [], RUN_OPTIONS, RENAMED_RUN_NAMES, report);
  const given = mergeGiven(withoutNulls(file.given, report), flags, report);
  return { run: readRun(given, source.file?.name ?? "prefine train", report), env: file.env };
}

/** A run from an object with the flat names. @throws PrefineError with all problems, one line each. */
export function runFrom(input: RunInput): RunConfig {
  return readRun(givenBy("runFrom", input), "run", new Report());
}

/**
 * The keys of a file without those that are null where their option is never unset: `save_steps:` with nothing after
 * it. An option that is true by default stays, and is an error: None counts as false in Python.
 */
function withoutNulls(file: GivenValues, report: Report): GivenValues {
  const table: Table = RUN_OPTIONS;
  const isUnset = (key: string) =>
    Object.hasOwn(table, key) && table[key].kind.read(null) === undefined && table[key].default !== true;
  const nulls = [...file].filter(([key, { value }]) => value === null && isUnset(key));
  for (const [key, { label }] of nulls)
    report.advise(label, `null is as if it were not set: ${show(table[key].default)}`);
  const unset = new Set(nulls.map(([key]) => key));
  return new Map([...file].filter(([key]) => !unset.has(key)));
}

/** Merges the flags over the file's keys, after translating old names so that a flag wins under either name. */
function mergeGiven(file: GivenValues, flags: GivenValues, report: Report): GivenValues {
  const fromFile = translateRenamed(file, RENAMED_RUN_NAMES, report);
  const fromFlags = translateRenamed(flags, RENAMED_RUN_NAMES, report);
  const merged = new Map([...fromFile, ...fromFlags]);
  const files = [fromFile.get("data_files")?.value, fromFlags.get("data_files")?.value];
  if (files.every(isObject)) {
    merged.set("data_files", { label: "--data_files", value: { ...files[0], ...files[1] } });
  }
  return merged;
}

function readRun(input: GivenValues, where: string, report: Report): RunConfig {
  const given = resolveLosses(translateRenamed(input, RENAMED_RUN_NAMES, report), report);
  const part = (table: object) => new Map([...given].filter(([key]) => Object.hasOwn(table, key)));
  const names = new Set(Object.keys(RUN_OPTIONS));
  const unknown = new Map([...given].filter(([key]) => !names.has(key)));
  readOptions(RUN_OPTIONS, unknown, {}, report); // reports them, suggesting the nearest of all names
  const script = readOptions(SCRIPT_OPTIONS, part(SCRIPT_OPTIONS), {}, report);
  const modelValues = readOptions(MODEL_OPTIONS, part(MODEL_OPTIONS), {}, report);
  const trainingArguments = readDPOConfig(part(TRAINING_OPTIONS), report);
  const evaluates = trainingArguments.eval_strategy !== "no";
  const { dataset_mixture, hasTestSplit } = readRecipeData({ script, evaluates, given, report });
  const args = hasTestSplit ? trainingArguments : notEvaluated(trainingArguments, report);
  const revision = args.model_init_kwargs?.revision; // wins over model_revision, as in trl dpo
  const model: ModelConfig = {
    ...modelValues,
    model_revision: typeof revision === "string" ? revision : modelValues.model_revision,
    lora_target_modules: oneText(modelValues.lora_target_modules),
  };
  checkRun({ model, args, given, report });
  adviseLoss(where, given, report);
  const datasets = readMixture({ script, evaluates, given, report });
  report.throwProblems(where, "`prefine train --help-all` lists all keys.");
  const peft_config = model.use_peft && !model.adapter_name_or_path ? loraConfigOf(model) : null;
  return {
    script: { ...script, datasets, dataset_mixture },
    model,
    args: withAdvice(args, report),
    peft_config,
    quantization_config: quantizationOf(model, args, given),
    advice: report.advice,
    given: new Set(given.keys()),
  };
}

/** A file for another trainer names its loss by its script alone: here it would train plain DPO, without a word. */
function adviseLoss(where: string, given: GivenValues, report: Report): void {
  if ((given.get("loss_type")?.value ?? null) !== null) return;
  const places = ["output_dir", "hub_model_id", "run_name"].map((key) => [key, given.get(key)?.value] as const);
  for (const [place, value] of [...places, ["the file's name", where.split("/").at(-1)] as const]) {
    const name = /(?<![a-z])(orpo|simpo|cpo|ipo|sppo|kto)(?![a-z])/i.exec(String(value))?.[1].toLowerCase();
    if (name === undefined) continue;
    const instead = name === "kto" ? "KTO is not built" : `for it, set loss_type: ${name}`;
    return void report.advise(
      "loss_type",
      `not set, so this is DPO (sigmoid), though ${place} has ${name}; ${instead}`,
    );
  }
}

/** The settings of a run whose recipe has no rows to evaluate on. */
function notEvaluated(args: DPOConfig, report: Report): DPOConfig {
  if (args.load_best_model_at_end)
    report.problem("load_best_model_at_end", "expected false without rows to evaluate on, found true");
  return { ...args, eval_strategy: "no" };
}

/** trl.ModelConfig: a single word becomes a string, which PEFT reads as a regular expression or "all-linear". */
function oneText(targets: string | string[] | null): string | string[] | null {
  return Array.isArray(targets) && targets.length === 1 ? targets[0] : targets;
}

/** trl.get_peft_config. */
function loraConfigOf(model: ModelConfig): LoraConfig {
  return LoraConfig({
    r: model.lora_r,
    lora_alpha: model.lora_alpha,
    lora_dropout: model.lora_dropout,
    target_modules: model.lora_target_modules,
    modules_to_save: model.lora_modules_to_save,
    use_rslora: model.use_rslora,
    use_dora: model.use_dora,
    task_type: model.lora_task_type,
    bias: "none",
  });
}

/** trl.get_quantization_config; also reads model_init_kwargs. */
function quantizationOf(model: ModelConfig, args: DPOConfig, given: GivenValues): RunConfig["quantization_config"] {
  const { load_in_8bit, load_in_4bit, bnb_4bit_quant_type, use_bnb_nested_quant } = model;
  if (load_in_4bit)
    return BitsAndBytesConfig({ load_in_4bit, bnb_4bit_quant_type, bnb_4bit_use_double_quant: use_bnb_nested_quant });
  if (load_in_8bit) return BitsAndBytesConfig({ load_in_8bit });
  const inArguments = args.model_init_kwargs?.quantization_config;
  if (inArguments) return BitsAndBytesConfig(inArguments);
  return inArguments === null || given.has("load_in_4bit") || given.has("load_in_8bit") ? null : undefined;
}

function checkQuantization({ model, args, given, report }: Parts): void {
  const { load_in_8bit, load_in_4bit } = model;
  const label = given.get(load_in_4bit ? "load_in_4bit" : "load_in_8bit")?.label ?? "load_in_4bit";
  if (load_in_4bit && load_in_8bit) report.problem(label, "expected one of 4 and 8 bits, found both");
  if (!load_in_4bit && !load_in_8bit) return;
  if (args.model_init_kwargs?.quantization_config) {
    report.problem(label, "expected one quantization, found another in model_init_kwargs.quantization_config");
  }
  if (model.use_peft || model.adapter_name_or_path) return;
  report.problem(label, "expected use_peft: true with it: quantized weights can't be trained");
}

interface Parts {
  model: ModelConfig;
  args: DPOConfig;
  given: GivenValues;
  report: Report;
}

function checkRun({ model, args, given, report }: Parts): void {
  const isAbsent = (key: string) => (given.get(key)?.value ?? null) === null;
  if (isAbsent("model_name_or_path") && isAbsent("adapter_name_or_path")) {
    report.problem("model_name_or_path", "expected a hub id or a folder, found nothing");
  }
  if (["dataset_name", "data_files", "datasets", "dataset_mixer", "dataset_mixture"].every(isAbsent)) {
    report.problem("dataset_name", "expected a hub id, a folder or a file (or data_files, or datasets), found nothing");
  }
  checkQuantization({ model, args, given, report });
  checkTargets(model.lora_target_modules, given.get("lora_target_modules")?.label ?? "lora_target_modules", report);
  if (model.use_peft || model.adapter_name_or_path) return;
  const unused = [...given].filter(([key]) => key.startsWith("lora_")).map(([, { label }]) => label);
  if (unused.length > 0) report.advise(unused.join(", "), "no effect without use_peft: true; all weights are trained");
}

/** The part of adapter_config.json that lora_* keys can contradict. */
export interface AdapterSettings {
  r: number;
  lora_alpha: number;
  lora_dropout?: number;
  target_modules: readonly string[] | string | null;
  modules_to_save?: readonly string[] | null;
  use_rslora?: boolean;
  use_dora?: boolean;
}

/**
 * Rejects lora_* keys that contradict the adapter of adapter_name_or_path, whose settings apply.
 * @param where path of the adapter's config, for messages.
 * @throws PrefineError with one line per contradiction.
 */
export function checkAdapterAgrees(run: RunConfig, adapter: AdapterSettings, where: string): void {
  const sorted = (names: readonly string[] | string | null = null) => show([names ?? []].flat().toSorted());
  const pairs = [
    ["use_rslora", run.model.use_rslora, adapter.use_rslora === true],
    ["use_dora", run.model.use_dora, adapter.use_dora === true],
    ["lora_modules_to_save", sorted(run.model.lora_modules_to_save), sorted(adapter.modules_to_save)],
    ["lora_r", run.model.lora_r, adapter.r],
    ["lora_alpha", run.model.lora_alpha, adapter.lora_alpha],
    ["lora_target_modules", sorted(run.model.lora_target_modules), sorted(adapter.target_modules)],
  ] as const;
  // PEFT saves "all-linear" as the expanded names, which can't be checked without the model
  const isOpen = (key: string) => key === "lora_target_modules" && run.model.lora_target_modules === "all-linear";
  const wrong = pairs.filter(([key, mine, its]) => run.given.has(key) && mine !== its && !isOpen(key));
  if (wrong.length === 0) return;
  const lines = wrong.map(([key, mine, its]) => `${key}: the run says ${mine}, ${where} says ${its}`);
  throw new PrefineError("config", lines.join("\n  "), "The adapter's settings apply: remove these keys.");
}
