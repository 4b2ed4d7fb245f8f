/**
 * @file What a training needs of the place where it runs. Node's (dpoTrainer.ts) is given by the entry and not imported
 * from here, so that training/ builds without it: a browser's tab brings a storage and loaders of its own.
 */
import type { Tokenizer } from "../data/tokenizers/tokenizer.ts";
import type { RunFolder, Storage } from "../disk/storage.ts";
import type { Memory } from "../dpo/memoryNeed.ts";
import type { Device } from "../engine/runtime/device.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import type { Logger } from "../terminal/logging.ts";

export interface Platform {
  /** Where output_dir is, and checkpoints of elsewhere. */
  readonly storage: Storage;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** System and processor, such as "linux x64": kernels of another kind round differently. */
  readonly machine: string;
  /** For the model card. */
  readonly versions: { readonly prefine: string; readonly node: string };
  loadModel(idOrPath: string, options: { revision?: string; onWarning: (line: string) => void }): Promise<LoadedModel>;
  loadTokenizer(idOrPath: string, options: { revision?: string }): Promise<Tokenizer>;
  /** Shows the progress of a run; nothing with `disable_tqdm`. */
  createLogger(options: { disable_tqdm: boolean }): Logger;
  /** Opens what computes. */
  openDevice(): Promise<Device>;
  readonly memory: Memory;
  /** Draws the loss of a finished run into its folder. @returns the name of the picture for the model card. */
  plotRun(folder: RunFolder): Promise<string>;
}
