/** @file Checks of a model by its config.json or its list of files, before any weights are downloaded. */
import { looksLikeRepoId } from "../data/hub/repoId.ts";
import { listRepo, resolveRepo } from "../data/hub/resolveRepo.ts";
import type { HubOptions } from "../data/hub/settings.ts";
import { folderAt } from "../disk/nodeStorage.ts";
import type { ModelFiles } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";
import { parseJsonObject } from "../formats/parseJson.ts";
import { architectureOf } from "../models/families/architectures.ts";
import { shellWord } from "../phrases.ts";

const CONFIG = "config.json";
const ADAPTER_CONFIG = "adapter_config.json";

type Access = HubOptions & { revision?: string | undefined };

/**
 * A new adapter on a model that is itself an adapter: PEFT merges that one first, and the merged model has no name that
 * a saved adapter could give for its base. Asked before the base model is downloaded.
 * @throws PrefineError("config") where the model is an adapter; "hub" where its files can't be listed.
 */
export async function refuseAdapter(idOrPath: string, options: Access): Promise<void> {
  const folder = folderAt(idOrPath);
  const isOnDisk = await folder.exists();
  if (!isOnDisk && !looksLikeRepoId(idOrPath)) return;
  const has = isOnDisk
    ? await folder.has(ADAPTER_CONFIG)
    : (await listRepo({ ...options, id: idOrPath, kind: "model" })).files.includes(ADAPTER_CONFIG);
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

/**
 * The model_type of a folder or hub id; undefined for an adapter, a GGUF file, or nothing (which loading then reports).
 * @throws PrefineError for a family, or a setting of one, that is not built; "hub" for failed downloads.
 */
export async function checkModelConfig(idOrPath: string, options: Access): Promise<string | undefined> {
  const folder = folderAt(idOrPath);
  const files = (await folder.exists()) ? folder : await configOnHub(idOrPath, options);
  const text = await files?.readText(CONFIG);
  if (text === undefined) return undefined;
  const where = `${idOrPath}/${CONFIG}`;
  const config = parseJsonObject(text, where, "Download the model again.");
  architectureOf(config, where);
  return String(config.model_type);
}

async function configOnHub(id: string, options: Access): Promise<ModelFiles | undefined> {
  if (!looksLikeRepoId(id)) return undefined;
  const repo = { ...options, id, kind: "model" as const };
  return folderAt((await resolveRepo({ ...repo, files: (path) => path === CONFIG })).directory);
}
