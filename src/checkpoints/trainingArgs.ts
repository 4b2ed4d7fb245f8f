/** @file training_args.json next to a model: the settings of its run. */
import type { RunFolder } from "../disk/storage.ts";
import type { Content } from "../formats/content.ts";
import { parseJsonObject } from "../formats/parseJson.ts";

export const TRAINING_ARGS = "training_args.json";

/** The file, to be written by the caller. */
export function trainingArgsFile(settings: Record<string, unknown>): [string, Content] {
  return [TRAINING_ARGS, `${JSON.stringify(settings, null, 2)}\n`];
}

/** {} if there is no such file. @throws PrefineError("model") if damaged, "io" if it can't be read. */
export async function readTrainingArgs(folder: RunFolder): Promise<Record<string, unknown>> {
  const text = (await folder.exists()) ? await folder.readText(TRAINING_ARGS) : undefined;
  if (text === undefined) return {};
  const hint = "Is the file truncated? Save or download it again, or delete it.";
  return parseJsonObject(text, folder.pathOf(TRAINING_ARGS), hint);
}
