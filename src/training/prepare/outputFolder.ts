/** @file Checks output_dir before the first step: whether it is writable, has a run, and where to resume it. */
import { checkpointFault, readResumeFile } from "../../checkpoints/checkpoint.ts";
import { refuseOwned } from "../../checkpoints/ownership.ts";
import { newestValidCheckpoint, refuseRun } from "../../checkpoints/runDirectory.ts";
import { readTrainingArgs, TRAINING_ARGS } from "../../checkpoints/trainingArgs.ts";
import { type BitsAndBytesConfig, recordedQuantization } from "../../config/BitsAndBytesConfig.ts";
import type { DPOConfig } from "../../config/DPOConfig.ts";
import type { RunFolder, Storage } from "../../disk/storage.ts";
import { PrefineError } from "../../errors.ts";
import type { RunObserver } from "../run.ts";

/** true: the newest valid checkpoint of output_dir; a path; false or null: none. */
export type Resume = boolean | string | null;

interface Resuming {
  args: DPOConfig;
  storage: Storage;
  resume: Resume;
}

/**
 * Checks output_dir before anything is downloaded or computed.
 * @throws PrefineError("config") when another training uses it, or it has a run that is neither resumed nor
 *   overwritten; "io" when it is not writable.
 */
export async function checkOutputDir(
  args: DPOConfig,
  storage: Storage,
  resume: Resume = args.resume_from_checkpoint,
): Promise<void> {
  const output = storage.folder(args.output_dir);
  await output.checkWritable();
  await refuseOwned(output, { inside: true });
  if (!resume && !args.overwrite_output_dir) await refuseRun(output);
}

/**
 * The base model's quantization in the run to resume, for callers that give none: a resumed run keeps it.
 * @param log called with a line if the base model is in 4 or 8 bits.
 * @returns null: not quantized, or no run is resumed.
 */
export async function resumedQuantization(
  { args, storage, resume }: Resuming,
  log: (line: string) => void,
): Promise<BitsAndBytesConfig | null> {
  const checkpoint = await findStart({ args, storage, resume }, QUIET);
  if (checkpoint === undefined) return null;
  const file = checkpoint.pathOf(TRAINING_ARGS);
  const quantization = recordedQuantization(await readTrainingArgs(checkpoint), file);
  if (quantization) log(`quantization: as in ${file}`);
  return quantization;
}

/** The caller already warns about damaged checkpoints. */
const QUIET = { info: () => {}, warn: () => {} };

/**
 * Finds the start again, once the run has locked output_dir: another training may have run there in between.
 * @throws PrefineError("config") when that one has left a run there.
 */
export async function confirmStart(resuming: Resuming): Promise<RunFolder | undefined> {
  const { args, storage, resume } = resuming;
  if (!resume && !args.overwrite_output_dir) await refuseRun(storage.folder(args.output_dir));
  return findStart(resuming, QUIET);
}

/**
 * The checkpoint to resume from, if any.
 * @throws PrefineError when `resume` is a path without a whole checkpoint.
 */
export async function findStart(
  { args: { output_dir }, storage, resume }: Resuming,
  observer: Pick<RunObserver, "info" | "warn">,
): Promise<RunFolder | undefined> {
  if (!resume) return undefined;
  const skip = (path: string, fault: string) => observer.warn(`${path} can't be resumed from: ${fault}`);
  const folder = storage.folder(typeof resume === "string" ? resume : output_dir);
  const newest = await newestValidCheckpoint(folder, skip, { toResume: true });
  if (newest) return newest.folder;
  if (resume === true) {
    observer.info(`${output_dir}: no checkpoint to resume from; starting at step 0`);
    return undefined;
  }
  await readResumeFile(folder); // has the best error for a folder that is no checkpoint
  const fault = await checkpointFault(folder, { toResume: true });
  if (fault === undefined) return folder;
  throw new PrefineError("io", fault, "Resume from another checkpoint, or with resume_from_checkpoint: true.");
}
