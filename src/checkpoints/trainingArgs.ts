/** @file training_args.json beside a model: the settings of the run that it comes from. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Content, ioError } from "../disk/wholeFiles.ts";
import { parseJsonObject } from "../formats/parseJson.ts";

export const TRAINING_ARGS = "training_args.json";

/** The file, to be written by the caller. */
export function trainingArgsFile(settings: Record<string, unknown>): [string, Content] {
  return [TRAINING_ARGS, `${JSON.stringify(settings, null, 2)}\n`];
}

/** {} where there is no such file. @throws PrefineError("model") for a damaged one, "io" for one that can't be read. */
export async function readTrainingArgs(folder: string): Promise<Record<string, unknown>> {
  const path = join(folder, TRAINING_ARGS);
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT" || cause.code === "ENOTDIR") return "{}";
    throw ioError(cause, path, "read");
  });
  return parseJsonObject(text, path, "Is the file cut? Save or download it again, or delete it.");
}
