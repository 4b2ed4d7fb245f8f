/** @file A model's id or folder -> the locations of its weights and of its adapter, if any. */
import { isAbsolute, join } from "node:path";
import type { SavedAdapter } from "../checkpoints/adapter.ts";
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS, isAdapterFolder, loadAdapter } from "../checkpoints/adapter.ts";
import { newestValidCheckpoint } from "../checkpoints/runDirectory.ts";
import { readTrainingArgs, TRAINING_ARGS } from "../checkpoints/trainingArgs.ts";
import {
  BitsAndBytesConfig,
  type BitsAndBytesConfigInput,
  recordedQuantization,
} from "../config/BitsAndBytesConfig.ts";
import { looksLikeRepoId } from "../data/hub/repoId.ts";
import { listRepo, resolveRepo } from "../data/hub/resolveRepo.ts";
import type { HubOptions } from "../data/hub/settings.ts";
import { folderAt } from "../disk/nodeStorage.ts";
import { exists } from "../disk/readFiles.ts";
import type { ModelFiles } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";

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
  const requested = options.quantization_config && BitsAndBytesConfig(options.quantization_config);
  const adapterFolder = await findAdapterFolder(idOrPath, options);
  if (adapterFolder === undefined) {
    const kept = { quantization: requested ?? null, recorded: null };
    const base = await wholeModelAt(idOrPath);
    return { base, baseRevision: options.revision, tokenizer: base, ...kept };
  }
  const folder = folderAt(adapterFolder);
  const adapter = await loadAdapter(folder);
  const base = options.base ?? (await findBase(adapter.config.base_model_name_or_path, adapterFolder));
  const hasTokenizer = (await folder.has("tokenizer.json")) || (await folder.has("vocab.json"));
  const baseRevision = options.base ? undefined : (adapter.config.revision ?? undefined); // of the base named there
  const recorded = recordedQuantization(await readTrainingArgs(folder), folder.pathOf(TRAINING_ARGS));
  const quantization = requested === undefined ? recorded : requested;
  const tokenizer = hasTokenizer ? adapterFolder : base;
  return { base, baseRevision, adapter, adapterFiles: folder, tokenizer, quantization, recorded };
}

/** The newest checkpoint of a stopped run that trained all weights; any other model stays where `idOrPath` says. */
async function wholeModelAt(idOrPath: string): Promise<string> {
  const folder = folderAt(idOrPath);
  if (!(await folder.exists()) || (await folder.has("config.json"))) return idOrPath;
  return (await newestValidCheckpoint(folder))?.folder.path ?? idOrPath;
}

/** Undefined if `idOrPath` is a full model (or nothing, which loading then reports). */
async function findAdapterFolder(idOrPath: string, options: ModelSourceOptions): Promise<string | undefined> {
  const folder = folderAt(idOrPath);
  if (await isAdapterFolder(folder)) return idOrPath;
  if (await exists(idOrPath)) {
    if (!(await folder.exists())) return undefined;
    if (await folder.has("config.json")) return undefined;
    const checkpoint = await newestValidCheckpoint(folder);
    return checkpoint && (await isAdapterFolder(checkpoint.folder)) ? checkpoint.folder.path : undefined;
  }
  if (!looksLikeRepoId(idOrPath)) return undefined;
  const repo = { ...options, id: idOrPath, kind: "model" as const };
  if (!(await listRepo(repo)).files.includes(ADAPTER_CONFIG)) return undefined;
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
