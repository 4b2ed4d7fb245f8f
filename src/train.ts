/**
 * @file READ FIRST: one DPO run, from preference rows to a finished output_dir. Each line enters one folder:
 * config -> data -> models (and checkpoints, for an adapter) -> training, which drives dpo, engine, optim and plots.
 */
import { checkAdapterAgrees, type RunConfig } from "./config/run.ts";
import type { Dataset } from "./data/datasets/dataset.ts";
import type { DatasetDict } from "./data/datasets/datasetDict.ts";
import { loadDataset } from "./data/datasets/loadDataset.ts";
import { findProcess } from "./data/datasets/mapModule.ts";
import { loadMixture } from "./data/datasets/mixture.ts";
import type { OriginOptions } from "./data/datasets/origin.ts";
import { AutoTokenizer } from "./data/tokenizers/loadTokenizer.ts";
import { nodeStorage } from "./disk/nodeStorage.ts";
import { DPOTrainer } from "./dpoTrainer.ts";
import { PrefineError } from "./errors.ts";
import { AutoModelForCausalLM } from "./pretrained/autoModel.ts";
import { createLogger } from "./terminal/logger.ts";
import type { Logger } from "./terminal/logging.ts";
import { checkOutputDir, resumedQuantization } from "./training/prepare/outputFolder.ts";
import type { TrainOutput } from "./training/trainer.ts";

export interface RunOptions {
  /** Stops the run between two micro-batches; what is done is saved. */
  signal?: AbortSignal | undefined;
  /** Default: a progress bar and lines on stderr. */
  logger?: Logger | undefined;
}

/**
 * Trains as `trl dpo` does with the same names.
 * @param run from `runFrom({ model_name_or_path: "gpt2", ... })`, or from a run file.
 * @throws PrefineError; code `interrupted` when the signal stopped the run.
 */
export async function train(run: RunConfig, { signal, logger }: RunOptions = {}): Promise<TrainOutput> {
  await checkOutputDir(run.args, nodeStorage); // before anything is downloaded
  const told = logger ?? createLogger({ disable_tqdm: run.args.disable_tqdm ?? false });
  const { train_dataset, eval_dataset } = await loadSplits(run, told, signal);
  const model = await loadPolicy(run, told, signal);
  const { peft_config, args } = run;
  const trainer = new DPOTrainer({
    model,
    args,
    train_dataset,
    eval_dataset,
    peft_config,
    processing_class: await AutoTokenizer.from_pretrained(
      run.model.model_name_or_path ?? model.name_or_path,
      hub(run, told, signal),
    ),
    dataset_name: run.script.datasets.length > 0 ? null : run.script.dataset_name,
    logger: told,
  });
  try {
    return await trainer.train({ ...(signal ? { signal } : {}) });
  } finally {
    await trainer.dispose();
  }
}

/** Access to the hub, as the run says. */
function hub({ script, model }: RunConfig, told: Logger, signal?: AbortSignal) {
  const onProgress = ({ path, loaded, total }: { path: string; loaded: number; total: number }) =>
    told.status(loaded < total ? `downloading ${path}: ${Math.floor((100 * loaded) / total)} %` : undefined);
  return {
    ...(script.token ? { token: script.token } : {}),
    ...(model.model_revision && model.model_revision !== "main" ? { revision: model.model_revision } : {}),
    ...(signal ? { signal } : {}),
    onProgress,
    onWarning: (line: string) => told.warn(line),
  };
}

/** The splits, processed. With eval_strategy no, a test split is neither required nor read. */
async function loadSplits(run: RunConfig, told: Logger, signal?: AbortSignal) {
  const { dataset_train_split, dataset_test_split, process } = run.script;
  const evaluates = run.args.eval_strategy !== "no";
  const testSplits = [dataset_test_split].flat();
  const splits = evaluates ? [...new Set([dataset_train_split, ...testSplits])] : [dataset_train_split];
  const { revision: _, ...access } = hub(run, told, signal);
  const ds = await openData(run, splits, access);
  const prepared = async (split: Dataset) =>
    process === null ? split : split.map(findProcess(process), { num_proc: run.args.dataset_num_proc ?? 1 });
  const train_dataset = await prepared(ds.split(dataset_train_split));
  if (!evaluates) return { train_dataset, eval_dataset: null };
  const evaluated: Record<string, Dataset> = {};
  for (const name of testSplits) evaluated[name] = await prepared(ds.split(name));
  return { train_dataset, eval_dataset: testSplits.length === 1 ? evaluated[testSplits[0]] : evaluated };
}

/** The data set's splits, or those of a mixture of data sets. */
function openData({ script, args }: RunConfig, split: string[], access: OriginOptions): Promise<DatasetDict> {
  const { dataset_name, dataset_config: name, data_files, datasets, test_split_size } = script;
  if (datasets.length > 0)
    return loadMixture(datasets, { ...access, test_split_size, seed: args.data_seed ?? args.seed });
  const options = { ...access, split, ...(name ? { name } : {}), ...(data_files ? { data_files } : {}) };
  return loadDataset(dataset_name ?? undefined, options);
}

/** How the base model was kept in the run that is resumed; undefined leaves that to the adapter it starts from. */
async function kept({ args }: RunConfig, told: Logger) {
  const resuming = { args, storage: nodeStorage, resume: args.resume_from_checkpoint };
  return (await resumedQuantization(resuming, (line) => told.info(line))) ?? undefined;
}

/** The model, or the model with the adapter that adapter_name_or_path starts from. */
async function loadPolicy(run: RunConfig, told: Logger, signal?: AbortSignal) {
  const { model_name_or_path, adapter_name_or_path } = run.model;
  const access = hub(run, told, signal);
  const named = adapter_name_or_path ?? model_name_or_path;
  if (named === null) {
    const found = "model_name_or_path: expected a hub id or a folder, found nothing";
    throw new PrefineError("config", found, "Give it, such as gpt2.");
  }
  const model = await AutoModelForCausalLM.from_pretrained(named, {
    ...access,
    quantization_config: run.quantization_config === undefined ? await kept(run, told) : run.quantization_config,
    ...(adapter_name_or_path && model_name_or_path ? { base: model_name_or_path } : {}),
  });
  if (!adapter_name_or_path) return model;
  if (!model.adapter) {
    const message = `adapter_name_or_path ${adapter_name_or_path}: expected an adapter, found a whole model`;
    throw new PrefineError("config", message, "Give it as model_name_or_path.");
  }
  checkAdapterAgrees(run, model.adapter.config, `${adapter_name_or_path}/adapter_config.json`);
  return model;
}
