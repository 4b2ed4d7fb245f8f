/** @file Checks of a model by its config.json or its list of files, before any weights are downloaded. */
import { ADAPTER_CONFIG } from "../checkpoints/adapter.ts";
import { looksLikeRepoId } from "../data/hub/repoId.ts";
import { listRepo, resolveRepo } from "../data/hub/resolveRepo.ts";
import type { HubOptions } from "../data/hub/settings.ts";
import { folderAt } from "../disk/nodeStorage.ts";
import { exists } from "../disk/readFiles.ts";
import type { ModelFiles } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";
import { parseJsonObject } from "../formats/parseJson.ts";
import { architectureOf } from "../models/families/architectures.ts";
import { shellWord } from "../phrases.ts";
import { loadModel } from "./loadModel.ts";

const CONFIG = "config.json";

type Access = HubOptions & { revision?: string | undefined };

/**
 * A new adapter on a model that is itself an adapter: PEFT merges that one first, and the merged model has no name that
 * a saved adapter could give for its base. Asked before the base model is downloaded.
 * @throws PrefineError("config") where the model is an adapter. Loading then reports files that can't be listed.
 */
export async function refuseAdapter(idOrPath: string, options: Access): Promise<void> {
  const folder = folderAt(idOrPath);
  const isFolder = await folder.exists();
  const isOnHub = !isFolder && looksLikeRepoId(idOrPath) && !(await exists(idOrPath));
  const has = isOnHub ? await isAdapterOnHub(idOrPath, options) : isFolder && (await folder.has(ADAPTER_CONFIG));
  if (!has) return;
  const merged = `${idOrPath.replace(/\/+$/, "").split("/").at(-1)}-merged`;
  const command = `prefine merge ${shellWord(idOrPath)} --output_dir ${shellWord(merged)}`;
  throw new PrefineError(
    "config",
    `model_name_or_path ${idOrPath}: expected a whole model with use_peft: true, found an adapter`,
    `Merge it first (${command}) and train on the result, or train the adapter itself: adapter_name_or_path in place ` +
      "of model_name_or_path.",
  );
}

async function isAdapterOnHub(id: string, options: Access): Promise<boolean> {
  try {
    return (await listRepo({ ...options, id, kind: "model" })).files.includes(ADAPTER_CONFIG);
  } catch (error) {
    if (error instanceof PrefineError && error.code === "hub") return false;
    throw error;
  }
}

/**
 * The model_type of a folder or hub id; undefined for an adapter or a GGUF file. Weights on the disk must belong to
 * their config; those on a hub are not looked at.
 * @throws PrefineError for no model, for a family, or a setting of one, that is not built; "hub" for failed downloads.
 */
export async function checkModelConfig(idOrPath: string, options: Access): Promise<CheckedConfig | undefined> {
  const folder = folderAt(idOrPath);
  const isHere = (await exists(idOrPath)) || !looksLikeRepoId(idOrPath);
  if (isHere && !(await folder.has(ADAPTER_CONFIG))) await loadModel(idOrPath, options); // its files' headers
  const files = isHere ? folder : await configOnHub(idOrPath, options);
  const text = await files.readText(CONFIG);
  if (text === undefined) return undefined;
  const where = `${idOrPath}/${CONFIG}`;
  const config = parseJsonObject(text, where, "Download the model again.");
  const { maxPositions } = architectureOf(config, where);
  return { type: String(config.model_type), maxPositions };
}

/** What a config.json says of its model. */
interface CheckedConfig {
  /** `model_type`. */
  type: string;
  /** Longest sequence, in tokens. */
  maxPositions: number;
}

async function configOnHub(id: string, options: Access): Promise<ModelFiles> {
  const repo = { ...options, id, kind: "model" as const };
  return folderAt((await resolveRepo({ ...repo, files: (path) => path === CONFIG })).directory);
}
