/** @file A model's id or folder -> the locations of its weights and of its adapter, if any. */
import { isAbsolute, join } from "node:path";
import { options as anOptions, anyFunction, bool, namesIn, nullable, optionsOf, text } from "../arguments.ts";
import type { SavedAdapter } from "../checkpoints/adapter.ts";
import {
  ADAPTER_CONFIG,
  ADAPTER_PICKLE,
  ADAPTER_WEIGHTS,
  isAdapterFolder,
  loadAdapter,
  onlyPickle,
} from "../checkpoints/adapter.ts";
import { editedModelFiles } from "../checkpoints/checkpoint.ts";
import { newestValidCheckpoint } from "../checkpoints/runDirectory.ts";
import { readTrainingArgs, TRAINING_ARGS } from "../checkpoints/trainingArgs.ts";
import {
  BitsAndBytesConfig,
  type BitsAndBytesConfigInput,
  recordedQuantization,
} from "../config/BitsAndBytesConfig.ts";
import { NO_EFFECT_MODEL_ARGUMENTS } from "../config/options/modelConfig.ts";
import { looksLikeRepoId } from "../data/hub/repoId.ts";
import { type HubProgress, listRepo, resolveRepo } from "../data/hub/resolveRepo.ts";
import { HUB_CHECKS, type HubOptions } from "../data/hub/settings.ts";
import { notOnDisk } from "../disk/nearbyNames.ts";
import { folderAt } from "../disk/nodeStorage.ts";
import { exists } from "../disk/readFiles.ts";
import type { ModelFiles, RunFolder } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";
import { emitWarning } from "../host.ts";

export interface ModelSourceOptions extends HubOptions {
  /**
   * Branch, tag or commit of a hub repository.
   *
   * Default: `"main"`. Same as transformers.
   */
  revision?: string | undefined;
  /**
   * An adapter's base model, instead of the one in its adapter_config.json.
   *
   * Default: base_model_name_or_path of adapter_config.json. Prefine's own.
   */
  base?: string | undefined;
  /**
   * Quantizes the (base) model's linear layers to 8 or 4 bits; null: as in the files.
   *
   * Default: a run's base model as in its training (recorded in training_args.json), any other model as in the
   * files. Same as transformers.
   */
  quantization_config?: BitsAndBytesConfigInput | null | undefined;
  /**
   * GGUF file of the folder or repository.
   *
   * Default: none. Same as transformers.
   */
  gguf_file?: string | undefined;
  /**
   * Generates from weights in 8 or 4 bits with float32 products, as training and scores compute. False: with products
   * of integers, which round their inputs to 8 bits, as llama.cpp's do, and are faster.
   *
   * Default: `false`. Prefine's own.
   */
  exact?: boolean | undefined;
  /**
   * Receives the progress of a download.
   *
   * Default: nothing is shown. Prefine's own.
   */
  onProgress?: ((progress: HubProgress) => void) | undefined;
}

/** Checks of ModelSourceOptions. */
export const SOURCE_CHECKS = optionsOf<ModelSourceOptions>("from_pretrained", {
  ...HUB_CHECKS,
  revision: text,
  base: text,
  gguf_file: text,
  exact: bool,
  quantization_config: nullable({ ...anOptions, expected: "a BitsAndBytesConfig, or an object with its options" }),
  onProgress: anyFunction,
});

/** Arguments of transformers' from_pretrained that would change the result. */
export const SOURCE_NOT_BUILT = {
  subfolder: "give the folder's path",
  variant: "give a repository with model.safetensors",
  load_in_8bit: "pass quantization_config: { load_in_8bit: true }",
  load_in_4bit: "pass quantization_config: { load_in_4bit: true }",
  config: "change config.json",
  adapter_kwargs: "give the adapter's folder or id",
  state_dict: "give a folder with model.safetensors",
};

/** Those without effect here, but for a line. */
export const SOURCE_NO_EFFECT = new Set([
  ...NO_EFFECT_MODEL_ARGUMENTS,
  "device",
  "max_memory",
  "offload_folder",
  "force_download",
]);

/** One line about arguments without effect; undefined: there are none. @param given the options of a call. */
export function noEffectLine(where: string, given: object): string | undefined {
  const names = namesIn(given, SOURCE_NO_EFFECT);
  return names.length === 0
    ? undefined
    : `${where}: no effect: ${names.join(", ")} (prefine computes in float32 on the CPU)`;
}

/** The options that loading a tokenizer takes as well. */
export function tokenizerOptions(options: HubOptions): HubOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(HUB_CHECKS, name)));
}

interface ModelSource {
  /** Folder or hub id of the weights. */
  base: string;
  baseRevision?: string;
  adapter?: SavedAdapter;
  /** The adapter's files. */
  adapterFiles?: ModelFiles;
  /** The base model's quantization: as requested, else as recorded with the adapter; null: as in its files. */
  quantization: BitsAndBytesConfig | null;
  /** The quantization recorded with the adapter, if any. */
  recorded: BitsAndBytesConfig | null;
  /** Location of the tokenizer: the adapter's folder if it has one, else the base model. */
  tokenizer: string;
}

/**
 * Distinguishes a plain model (folder or hub id) from an adapter (folder of a run, a checkpoint or PEFT, or a hub id),
 * whose base model is named in adapter_config.json. For an unfinished run, uses its newest checkpoint.
 * @throws PrefineError `model` if the base model of an adapter can't be found
 */
export async function findModel(idOrPath: string, options: ModelSourceOptions = {}): Promise<ModelSource> {
  try {
    return await findSource(idOrPath, options);
  } catch (error) {
    throw await notOnDisk(error, idOrPath);
  }
}

async function findSource(idOrPath: string, options: ModelSourceOptions): Promise<ModelSource> {
  const requested = options.quantization_config && BitsAndBytesConfig(options.quantization_config);
  const place = (await stoppedAt(idOrPath, options.onWarning))?.path ?? idOrPath;
  const adapterFolder = await findAdapterFolder(place, options);
  if (adapterFolder === undefined) {
    const kept = { quantization: requested ?? null, recorded: null };
    return { base: place, baseRevision: options.revision, tokenizer: place, ...kept };
  }
  const folder = folderAt(adapterFolder);
  await warnOfEdits(folder, options.onWarning);
  const adapter = await loadAdapter(folder, options.onWarning ?? emitWarning);
  const base = options.base ?? (await findBase(adapter.config.base_model_name_or_path, adapterFolder));
  const hasTokenizer = (await folder.has("tokenizer.json")) || (await folder.has("vocab.json"));
  const baseRevision = options.base ? undefined : (adapter.config.revision ?? undefined); // of the base named there
  const recorded = recordedQuantization(await readTrainingArgs(folder), folder.pathOf(TRAINING_ARGS));
  const quantization = requested === undefined ? recorded : requested;
  const tokenizer = hasTokenizer ? adapterFolder : base;
  return { base, baseRevision, adapter, adapterFiles: folder, tokenizer, quantization, recorded };
}

/**
 * The newest valid checkpoint of a run that was stopped; undefined for a finished run and any other model.
 * @throws PrefineError("model") if the run has checkpoints, but none can be used.
 */
export async function stoppedAt(
  idOrPath: string,
  onWarning: (line: string) => void = () => {},
): Promise<RunFolder | undefined> {
  const folder = folderAt(idOrPath);
  if (!(await folder.exists()) || (await isAdapterFolder(folder)) || (await folder.has("config.json")))
    return undefined;
  const faults: string[] = [];
  const skip = (path: string, fault: string) => void faults.push(`${path} can't be used: ${fault}`);
  const newest = await newestValidCheckpoint(folder, skip, { forModel: true });
  if (newest) for (const fault of faults) onWarning(fault);
  if (newest || faults.length === 0) return newest?.folder;
  const message = `${idOrPath}: expected a whole checkpoint of the run, found none\n  ${faults.join("\n  ")}`;
  throw new PrefineError("model", message, "Train again, or name a folder with a model.");
}

/**
 * A line per file of a checkpoint that was edited by hand.
 * @throws PrefineError("model") for damaged weights.
 */
export async function warnOfEdits(folder: RunFolder, onWarning: (line: string) => void = () => {}): Promise<void> {
  for (const edited of await editedModelFiles(folder)) onWarning(`${edited}; it is used as it is`);
}

/** Undefined if `idOrPath` is a full model (or nothing, which loading then reports). */
async function findAdapterFolder(idOrPath: string, options: ModelSourceOptions): Promise<string | undefined> {
  const folder = folderAt(idOrPath);
  if (await isAdapterFolder(folder)) return idOrPath;
  if (await exists(idOrPath)) return undefined;
  if (!looksLikeRepoId(idOrPath)) return undefined;
  const repo = { ...options, id: idOrPath, kind: "model" as const };
  const { files } = await listRepo(repo);
  if (!files.includes(ADAPTER_CONFIG)) return undefined;
  if (!files.includes(ADAPTER_WEIGHTS) && files.includes(ADAPTER_PICKLE)) {
    throw onlyPickle(`${idOrPath}/${ADAPTER_WEIGHTS}`);
  }
  const adapterFiles = new Set([
    ADAPTER_CONFIG,
    ADAPTER_WEIGHTS,
    TRAINING_ARGS,
    "tokenizer.json",
    "tokenizer_config.json",
  ]);
  return (await resolveRepo({ ...repo, files: (path) => adapterFiles.has(path) })).directory;
}

/** A folder (as given, then relative to the adapter's folder), else a hub id. */
async function findBase(base: string | null, adapterFolder: string): Promise<string> {
  const where = `${join(adapterFolder, ADAPTER_CONFIG)}: base_model_name_or_path`;
  const hint =
    "Set it to the folder or hub id of the model that the adapter was trained on, or pass that: base (--base).";
  if (!base) throw new PrefineError("model", `${where}: expected the adapter's base model, found none`, hint);
  const places = isAbsolute(base) ? [base] : [base, join(adapterFolder, base)];
  for (const place of places) if (await exists(place)) return place;
  if (looksLikeRepoId(base)) return base;
  throw new PrefineError(
    "model",
    `${where}: expected a folder or a hub id, found nothing at ${places.join(" or ")}`,
    hint,
  );
}
