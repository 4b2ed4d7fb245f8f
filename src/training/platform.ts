/**
 * @file The platform that a training runs on. Node's (dpoTrainer.ts) is passed in by the entry and not imported here,
 * so that training/ builds without it: a browser page passes its own storage and loaders.
 */
import type { DPOConfig } from "../config/DPOConfig.ts";
import type { Tokenizer } from "../data/tokenizers/tokenizer.ts";
import type { RunFolder, Storage } from "../disk/storage.ts";
import type { Memory } from "../dpo/memoryNeed.ts";
import type { Device, DeviceRanks } from "../engine/runtime/device.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import type { Logger } from "../terminal/logging.ts";

interface LoadOptions {
  revision?: string;
  /** Ends a download. */
  signal?: AbortSignal;
}

/** A process's part in a job. */
export interface Joined {
  ranks: DeviceRanks;
  /** The platform for what the ranks do together: rank 0 writes, and all read what it reads. */
  platform: Platform;
}

export interface Platform {
  /** Holds output_dir, and checkpoints of other folders. */
  readonly storage: Storage;
  /** Of this process alone, for caches that it fills in its own time; absent: the same. */
  readonly ownStorage?: Storage;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** System and processor, such as "linux x64": kernels round differently on each. */
  readonly machine: string;
  /** For the model card. */
  readonly versions: { readonly prefine: string; readonly node: string };
  /**
   * Connects to the other processes of the job, if this one is part of a job: all of them train one run. Absent: the
   * platform has no such jobs.
   * @param args of the run, the same in all processes.
   * @throws PrefineError("config") if they can't be connected, or don't work with these settings.
   */
  join?(args: DPOConfig): Promise<Joined | undefined>;
  /** Whether this process reports, writes and draws for its job. Absent: it does. */
  isFirstRank?(): boolean;
  loadModel(idOrPath: string, options: LoadOptions & { onWarning: (line: string) => void }): Promise<LoadedModel>;
  loadTokenizer(idOrPath: string, options: LoadOptions): Promise<Tokenizer>;
  /** Makes a logger that shows the progress of a run, unless `disable_tqdm`. */
  createLogger(options: { disable_tqdm: boolean }): Logger;
  /** Opens the device that computes. @param options.providers ONNX Runtime's; default: what the user has chosen. */
  openDevice(options?: { providers?: readonly string[] }): Promise<Device>;
  readonly memory: Memory;
  /**
   * Plots the loss of a finished run into its folder.
   * @param name of the pictures, without ending.
   * @returns the name of the picture for the model card.
   */
  plotRun(folder: RunFolder, name: string): Promise<string>;
}
