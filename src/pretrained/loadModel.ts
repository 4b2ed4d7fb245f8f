/** @file Loads a model by hub id, folder or GGUF file. */
import { looksLikeRepoId } from "../data/hub/repoId.ts";
import { type HubProgress, resolveRepo } from "../data/hub/resolveRepo.ts";
import { nearbyHint, notOnDisk } from "../disk/nearbyNames.ts";
import { folderAt } from "../disk/nodeStorage.ts";
import { exists } from "../disk/readFiles.ts";
import type { ModelFiles } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";
import { ggufParts, isGgufPath } from "../formats/ggufPath.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import { warnOfEdits } from "./modelSource.ts";
import { findGguf, readGgufModel } from "./readGgufModel.ts";
import { readModel } from "./readModel.ts";

export interface LoadModelOptions {
  revision?: string;
  /** A GGUF file of the folder or repository; transformers' name. */
  gguf_file?: string;
  token?: string | false;
  onProgress?: (progress: HubProgress) => void;
  signal?: AbortSignal;
  onWarning?: (line: string) => void;
}

/** The files needed of a model repository; skips other formats of the same weights. */
const isModelFile = (path: string) =>
  /^(config\.json|generation_config\.json|model(-\d+-of-\d+)?\.safetensors|model\.safetensors\.index\.json)$/.test(
    path,
  );

/**
 * Reads a model's config and tensor locations, not its weights.
 * @param idOrPath a folder with config.json and model.safetensors (or shards), a GGUF file (or a folder with one and no
 *   config.json), or a hub id such as `gpt2`.
 * @throws PrefineError("model") for a folder without a model or with weights that contradict its config; "hub" for
 *   failed downloads.
 */
export async function loadModel(idOrPath: string, options: LoadModelOptions = {}): Promise<LoadedModel> {
  const { files, gguf } = await locate(idOrPath, options);
  const ggufFile = options.gguf_file ?? gguf ?? (await findGguf(files, idOrPath));
  if (ggufFile !== undefined) return readGgufModel(files, ggufFile, idOrPath);
  return readModel(files, { name: idOrPath, onWarning: options.onWarning });
}

/** @returns the model's files, and the GGUF file if one was named. */
async function locate(idOrPath: string, options: LoadModelOptions): Promise<{ files: ModelFiles; gguf?: string }> {
  const folder = folderAt(idOrPath);
  if (await folder.exists()) {
    await warnOfEdits(folder, options.onWarning); // all weights, trained: a checkpoint of a run
    return { files: folder };
  }
  if (await exists(idOrPath)) {
    if (isGgufPath(idOrPath)) return { files: folder.above(), gguf: folder.name };
    const hint = "Give the folder with config.json and model.safetensors.";
    throw new PrefineError("model", `${idOrPath}: expected a model's folder, GGUF file or hub id, found a file`, hint);
  }
  if (!looksLikeRepoId(idOrPath)) {
    const hint = "A model is a folder with config.json and model.safetensors, or a hub id such as gpt2.";
    const message = `${idOrPath}: no such folder, and not a hub id`;
    throw new PrefineError("model", message, await nearbyHint(idOrPath, hint));
  }
  const { gguf_file } = options;
  const files = gguf_file === undefined ? isModelFile : (path: string) => ggufParts(gguf_file).includes(path);
  const repo = { id: idOrPath, kind: "model" as const, files, ...options };
  const { directory } = await resolveRepo(repo).catch(async (error: unknown) => {
    throw await notOnDisk(error, idOrPath);
  });
  return { files: folderAt(directory) };
}
