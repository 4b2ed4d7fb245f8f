/** @file Facts for the model card that are known before the first step: sources of model and data, what was loaded. */
import { cardName } from "../../checkpoints/cardText.ts";
import type { ModelCardInput } from "../../checkpoints/modelCard.ts";
import type { Tokenizer } from "../../data/tokenizers/tokenizer.ts";
import type { Storage } from "../../disk/storage.ts";
import type { LoadedModel } from "../../models/loadedModel.ts";

/** Facts for the model card that a run does not have. */
export type CardFacts = Omit<ModelCardInput, "model_name" | "settings" | "log_history" | "plot">;

interface Described extends Pick<ModelCardInput, "quantization" | "adapter" | "versions"> {
  base: LoadedModel;
  tokenizer: Tokenizer;
  dataset_name: string | null;
}

export async function cardFacts(described: Described, storage: Storage): Promise<CardFacts> {
  const { base, tokenizer, dataset_name, ...others } = described;
  return {
    ...others,
    base_model: cardName(base.nameOrPath, isFromDisk(base, storage)),
    dataset: dataset_name === null ? null : cardName(dataset_name, await isLocalData(dataset_name, storage)),
    isOnGguf: /\.gguf$/i.test(base.configFile),
    hasChatTemplate: tokenizer.chat_template !== null,
  };
}

/** Whether the caller named the model's own folder or file, and not a repository with files in the hub's cache. */
export function isFromDisk({ nameOrPath, directory, configFile }: LoadedModel, { wholePath }: Storage): boolean {
  return [directory, configFile].some((path) => wholePath(path) === wholePath(nameOrPath));
}

/**
 * The loaders look on the disk first, so a file or folder of this name is what was read. A data file that was deleted
 * since, or a pattern, is no repository either.
 */
async function isLocalData(name: string, storage: Storage): Promise<boolean> {
  const isRepoId = /^[A-Za-z0-9_][\w.-]*(\/[A-Za-z0-9_][\w.-]*)?$/.test(name);
  return !isRepoId || /\.(parquet|jsonl?)$/i.test(name) || (await isOnDisk(name, storage));
}

/** Whether a file or folder exists. */
export async function isOnDisk(path: string, storage: Storage): Promise<boolean> {
  const folder = storage.folder(path);
  return folder.above().has(folder.name);
}
