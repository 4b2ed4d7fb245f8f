/** @file Errors for folders without a model, and for damaged files. */
import type { ModelFiles } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";

export const RELOAD = "Download or save the file again.";

/** @param missing the file that a model would have. */
export async function noModel(files: ModelFiles, name: string, missing: string): Promise<PrefineError> {
  const hint = (await files.has("adapter_config.json"))
    ? "This is an adapter: give its base model, or load it as a run."
    : (await files.has("pytorch_model.bin"))
      ? "Only safetensors is supported: save the model again with save_pretrained (it writes model.safetensors)."
      : "A model's folder has config.json and model.safetensors.";
  return new PrefineError("model", `${name}: expected a model, found no ${missing} in ${files.path}`, hint);
}
