/**
 * @file READ FIRST: one DPO run, from preference rows to a finished output_dir. Each line enters one folder:
 * config -> data -> models (and checkpoints, for an adapter) -> training, which drives dpo, engine, optim and plots.
 */
import { abortSignal, checkOptions, checkValue, type OptionChecks, objectWith } from "./arguments.ts";
import { isFirstRank } from "./cluster/firstRank.ts";
import { checkAdapterAgrees, type RunConfig, type ScriptArguments } from "./config/run.ts";
import { HANDBOOK_TEMPLATE } from "./data/chatTemplates/handbookTemplate.ts";
import { nameForCard, openData, openStream, withWholePaths } from "./data/datasets/dataArguments.ts";
import { Dataset } from "./data/datasets/dataset.ts";
import { takesSystemMessage, withEmptySystemMessage } from "./data/datasets/handbookRows.ts";
import type { IterableDataset } from "./data/datasets/iterableDataset.ts";
import { findProcess, importFunction } from "./data/datasets/mapModule.ts";
import { shapeOptionsOf } from "./data/shapes/shapeOptions.ts";
import { alikeWith, convertWith } from "./data/shapes/toPreferences.ts";
import { AutoTokenizer } from "./data/tokenizers/loadTokenizer.ts";
import type { Tokenizer } from "./data/tokenizers/tokenizer.ts";
import { nodeStorage } from "./disk/nodeStorage.ts";
import type { Storage } from "./disk/storage.ts";
import { DPOTrainer, joinRanks } from "./dpoTrainer.ts";
import { PrefineError } from "./errors.ts";
import { AutoModelForCausalLM } from "./pretrained/autoModel.ts";
import { refuseAdapter } from "./pretrained/modelConfig.ts";
import { createLogger } from "./terminal/logger.ts";
import type { Logger } from "./terminal/logging.ts";
import { silentLogger } from "./terminal/silentLogger.ts";
import { checkShards, checkStreaming } from "./training/checkOptions.ts";
import { jointError } from "./training/failTogether.ts";
import { checkOutputDir, resumedQuantization } from "./training/prepare/outputFolder.ts";
import type { TrainOutput } from "./training/trainerOptions.ts";

export interface RunOptions {
  /**
   * Stops the run between two micro-batches; finished steps are saved.
   *
   * Default: never stopped. Prefine's own.
   */
  signal?: AbortSignal | undefined;
  /**
   * Prints progress and messages.
   *
   * Default: a progress bar and lines on stderr. Prefine's own.
   */
  logger?: Logger | undefined;
}

const RUN = objectWith("a run", "args", "model", "script");
const RUN_OPTIONS: OptionChecks<RunOptions> = {
  signal: abortSignal,
  logger: objectWith("a logger, such as createLogger()", "info", "warn"),
};

/**
 * Trains as `trl dpo` does with the same names.
 * @param run from `runFrom({ model_name_or_path: "gpt2", ... })`, or from a run file.
 * @throws PrefineError; code `interrupted` when the signal stopped the run.
 */
export async function train(run: RunConfig, options: RunOptions = {}): Promise<TrainOutput> {
  checkValue("train", run, RUN, "Pass runFrom({ model_name_or_path, dataset_name, ... }), or a run file by parseRun.");
  checkOptions<RunOptions>("train", options, RUN_OPTIONS);
  const job = await joinRanks(run.args, settingsOf(run)); // all ranks, or none
  try {
    return await trainWith(job, run, options);
  } catch (error) {
    throw await jointError(job?.ranks, error);
  }
}

async function trainWith(
  job: Awaited<ReturnType<typeof joinRanks>>,
  run: RunConfig,
  options: RunOptions,
): Promise<TrainOutput> {
  if (job) checkShards(run.args, { isStream: run.script.dataset_streaming });
  const { inTurn = <T>(work: () => Promise<T>) => work() } = job ?? {};
  const storage = job?.platform.storage ?? nodeStorage;
  await checkOutputDir(run.args, storage); // before anything is downloaded
  const { signal, logger: own = createLogger({ disable_tqdm: run.args.disable_tqdm ?? false }) } = options;
  const logger = isFirstRank() ? own : silentLogger;
  if (run.script.dataset_streaming) checkStreaming(run.args);
  const load = async () => (run.script.dataset_streaming ? streamSplits : loadSplits)(run, logger, { signal });
  const { train_dataset, eval_dataset } = await inTurn<Awaited<ReturnType<typeof load>>>(load);
  const quantization = await quantizationOf(run, storage, logger);
  const model = await inTurn(() => loadPolicy(run, { quantization, logger, signal }));
  const { peft_config, args } = run;
  const processing_class = await inTurn(() => loadTokenizer(run, model.name_or_path, { logger, signal }));
  const asInRecipe = rowsOfRecipe(run, processing_class);
  const trainer = new DPOTrainer({
    model,
    args,
    train_dataset: train_dataset instanceof Dataset ? asInRecipe(train_dataset) : train_dataset,
    eval_dataset: eval_dataset instanceof Dataset ? asInRecipe(eval_dataset) : eval_dataset,
    peft_config,
    to_preferences: shapeOptionsOf(run.script),
    processing_class,
    dataset_name: await nameForCard(run.script),
    script_args: await namesOf(run.script),
    logger,
  });
  try {
    return await trainer.train({ signal });
  } finally {
    await trainer.dispose();
  }
}

/** What the ranks of a job must share beside DPOConfig. */
function settingsOf({ script, model, peft_config, quantization_config }: RunConfig): Record<string, unknown> {
  const { process, ...rest } = script;
  return { ...rest, process: String(process), ...model, peft_config, quantization_config };
}

interface SplitOptions {
  signal?: AbortSignal | undefined;
  first?: number;
}

/** Options for downloads from the hub, from the run's settings. */
function hubOptions({ script, model }: RunConfig, logger: Logger, signal?: AbortSignal) {
  const onProgress = ({ path, loaded, total }: { path: string; loaded: number; total: number }) =>
    logger.status(loaded < total ? `downloading ${path}: ${Math.floor((100 * loaded) / total)} %` : undefined);
  return {
    token: script.token || undefined,
    revision: model.model_revision === "main" ? undefined : model.model_revision || undefined,
    signal,
    onProgress,
    onWarning: (line: string) => logger.warn(line),
  };
}

/**
 * The tokenizer, with the run's chat template. A model that has none gets alignment-handbook's with dataset_mixer, as
 * there.
 */
export async function loadTokenizer(
  { model, script, ...run }: RunConfig,
  modelPlace: string,
  { logger, signal }: RunOptions,
) {
  const { tokenizer_name_or_path: own, chat_template } = model;
  const { revision, ...access } = hubOptions({ model, script, ...run }, logger as Logger, signal);
  const place = own ?? model.model_name_or_path ?? modelPlace;
  const tokenizer = await AutoTokenizer.from_pretrained(place, own === null ? { ...access, revision } : access);
  if (chat_template !== null) tokenizer.chat_template = chat_template;
  else if (script.dataset_mixer && tokenizer.chat_template === null) {
    logger?.info(`${place}: no chat template; alignment-handbook's default (<|user|>, <|assistant|>) is used`);
    tokenizer.chat_template = HANDBOOK_TEMPLATE;
  }
  return tokenizer;
}

/** The rows as alignment-handbook's dataset_mixer has them: conversations begin with a system message. */
export function rowsOfRecipe({ script }: RunConfig, tokenizer: Tokenizer): (rows: Dataset) => Dataset {
  const inserts = script.dataset_mixer && script.auto_insert_empty_system_msg && tokenizer.chat_template !== null;
  const isTaken = inserts && takesSystemMessage(tokenizer.get_chat_template());
  return (rows) => (isTaken ? withEmptySystemMessage(rows) : rows);
}

/**
 * The processed splits. With eval_strategy no, a test split is neither required nor read.
 * @param first processes and returns this many rows of each split only.
 */
export async function loadSplits(run: RunConfig, logger: Logger, { signal, first }: SplitOptions = {}) {
  const { dataset_train_split, dataset_test_split, process } = run.script;
  const evaluates = run.args.eval_strategy !== "no";
  const testSplits = [dataset_test_split].flat();
  const splits = evaluates ? [...new Set([dataset_train_split, ...testSplits])] : [dataset_train_split];
  const { revision: _, ...access } = hubOptions(run, logger, signal);
  const seed = run.args.data_seed ?? run.args.seed;
  const onLine = (line: string) => logger.info(line);
  const read = { toRows: convertWith(onLine), alike: alikeWith(onLine) };
  const ds = await openData(run.script, { ...access, split: splits, seed, ...read });
  const some = (split: Dataset) => (first === undefined ? split : split.take(Math.min(first, split.num_rows)));
  const processRows = async (whole: Dataset, split = some(whole)) =>
    process === null ? split : split.map(findProcess(process), { num_proc: run.args.dataset_num_proc ?? 1, signal });
  const train_dataset = await processRows(ds.split(dataset_train_split));
  if (!evaluates) return { train_dataset, eval_dataset: null };
  const bySplit: Record<string, Dataset> = {};
  for (const name of testSplits) bySplit[name] = await processRows(ds.split(name));
  return { train_dataset, eval_dataset: testSplits.length === 1 ? bySplit[testSplits[0]] : bySplit };
}

/** The splits as streams, processed row by row. */
export async function streamSplits(run: RunConfig, logger: Logger, { signal }: SplitOptions = {}) {
  const { dataset_train_split, dataset_test_split, process } = run.script;
  const testSplits = run.args.eval_strategy === "no" ? [] : [dataset_test_split].flat();
  const { revision: _, ...access } = hubOptions(run, logger, signal);
  const ds = await openStream(run.script, {
    ...access,
    split: [...new Set([dataset_train_split, ...testSplits])],
    seed: run.args.data_seed ?? run.args.seed,
  });
  const given = process === null ? null : findProcess(process);
  const fn = given === null || typeof given === "function" ? given : await importFunction(given);
  const processed = (split: IterableDataset) => (fn ? split.map(fn) : split);
  const train_dataset = processed(ds.split(dataset_train_split));
  if (testSplits.length === 0) return { train_dataset, eval_dataset: null };
  const bySplit = Object.fromEntries(testSplits.map((name) => [name, processed(ds.split(name))]));
  return { train_dataset, eval_dataset: testSplits.length === 1 ? bySplit[testSplits[0]] : bySplit };
}

/** The names of the data to save with the run; a mixture's test rows are drawn again from the run's seed. */
async function namesOf({
  dataset_name,
  dataset_config,
  data_files,
  datasets,
  test_split_size,
  ...script
}: ScriptArguments) {
  const { dataset_mixer, dataset_splits, dataset_configs, dataset_mixture } = script;
  const mixer = dataset_mixer ? { dataset_mixer, dataset_splits, dataset_configs } : {};
  const names = dataset_mixer || dataset_mixture ? {} : { dataset_name, dataset_config, data_files, datasets };
  const whole = await withWholePaths({ ...names, test_split_size, ...mixer, dataset_mixture });
  return { ...whole, ...shapeOptionsOf(script) };
}

/** The run's quantization of the base model, or that in the run being resumed; undefined: the adapter decides. */
async function quantizationOf({ args, quantization_config }: RunConfig, storage: Storage, logger: Logger) {
  if (quantization_config !== undefined) return quantization_config;
  const resuming = { args, storage, resume: args.resume_from_checkpoint };
  return (await resumedQuantization(resuming, (line) => logger.info(line))) ?? undefined;
}

interface PolicyOptions {
  quantization: Awaited<ReturnType<typeof quantizationOf>>;
  logger: Logger;
  signal: AbortSignal | undefined;
}

/** The model, or the model with the adapter that adapter_name_or_path starts from. */
async function loadPolicy(run: RunConfig, { quantization, logger, signal }: PolicyOptions) {
  const { model_name_or_path, adapter_name_or_path } = run.model;
  const access = hubOptions(run, logger, signal);
  const idOrPath = adapter_name_or_path ?? model_name_or_path;
  if (idOrPath === null) {
    const message = "model_name_or_path: expected a hub id or a folder, found nothing";
    throw new PrefineError("config", message, "Give it, such as gpt2.");
  }
  const { onProgress: _, ...listing } = access;
  if (run.peft_config) await refuseAdapter(idOrPath, listing);
  const model = await AutoModelForCausalLM.from_pretrained(idOrPath, {
    ...access,
    quantization_config: quantization,
    base: adapter_name_or_path && model_name_or_path ? model_name_or_path : undefined,
  });
  if (!adapter_name_or_path) return model;
  if (!model.adapter) {
    const message = `adapter_name_or_path ${adapter_name_or_path}: expected an adapter, found a whole model`;
    throw new PrefineError("config", message, "Give it as model_name_or_path.");
  }
  checkAdapterAgrees(run, model.adapter.config, `${adapter_name_or_path}/adapter_config.json`);
  return model;
}
