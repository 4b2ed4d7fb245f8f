/** @file Reads a model's config.json alone, to check that its family is built before any weights are downloaded. */
import { looksLikeRepoId } from "../data/hub/repoId.ts";
import { resolveRepo } from "../data/hub/resolveRepo.ts";
import type { HubOptions } from "../data/hub/settings.ts";
import { folderAt } from "../disk/nodeStorage.ts";
import type { ModelFiles } from "../disk/storage.ts";
import { parseJsonObject } from "../formats/parseJson.ts";
import { architectureOf } from "../models/families/architectures.ts";

const CONFIG = "config.json";

/**
 * The model_type of a folder or hub id; undefined for an adapter, a GGUF file, or nothing (which loading then reports).
 * @throws PrefineError for a family, or a setting of one, that is not built; "hub" for failed downloads.
 */
export async function checkModelConfig(
  idOrPath: string,
  options: HubOptions & { revision?: string | undefined },
): Promise<string | undefined> {
  const folder = folderAt(idOrPath);
  const files = (await folder.exists()) ? folder : await configOnHub(idOrPath, options);
  const text = await files?.readText(CONFIG);
  if (text === undefined) return undefined;
  const where = `${idOrPath}/${CONFIG}`;
  const config = parseJsonObject(text, where, "Download the model again.");
  architectureOf(config, where);
  return String(config.model_type);
}

async function configOnHub(
  id: string,
  options: HubOptions & { revision?: string | undefined },
): Promise<ModelFiles | undefined> {
  if (!looksLikeRepoId(id)) return undefined;
  const repo = { ...options, id, kind: "model" as const };
  return folderAt((await resolveRepo({ ...repo, files: (path) => path === CONFIG })).directory);
}
