/** @file Reads the run file of --config. */
import { nearbyHint } from "../disk/nearbyNames.ts";
import { wholeText } from "../disk/readFiles.ts";
import { PrefineError } from "../errors.ts";

export const RUN_FILE = "Pass a path such as --config run.yaml, or pass all keys as flags.";

/** @throws PrefineError("io") naming files of similar names. */
export async function readRunFile(path: string): Promise<string> {
  try {
    return await wholeText(path);
  } catch (cause) {
    if (cause instanceof PrefineError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "no such file" : code === "EISDIR" ? "it is a folder" : String(code);
    const hint = code === "ENOENT" ? await nearbyHint(path, RUN_FILE) : RUN_FILE;
    throw new PrefineError("io", `--config ${path}: expected a run file (YAML or JSON): ${reason}`, hint, { cause });
  }
}
