/** @file output_dir before the first step: can it be written to, does it hold a run, where does that go on. */
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
 * What can be said of output_dir before anything is downloaded or computed.
 * @throws PrefineError("config") when it is another training's, or holds a run that is neither resumed nor overwritten;
 *   "io" when it can't be written to.
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
 * How the base model was kept in the run that is to go on, where nothing is said of it: a resumed run is the same run.
 * @param tell gets a line where it is in 4 or 8 bits.
 * @returns null: as in its files, or no run goes on.
 */
export async function resumedQuantization(
  { args, storage, resume }: Resuming,
  tell: (line: string) => void,
): Promise<BitsAndBytesConfig | null> {
  const checkpoint = await findStart({ args, storage, resume }, QUIET);
  if (checkpoint === undefined) return null;
  const file = checkpoint.pathOf(TRAINING_ARGS);
  const quantization = recordedQuantization(await readTrainingArgs(checkpoint), file);
  if (quantization) tell(`quantization: as in ${file}`);
  return quantization;
}

/** Whoever resumes is told of damaged checkpoints once. */
const QUIET = { info: () => {}, warn: () => {} };

/**
 * The start of a run that owns output_dir by now, and has told of it: another run may have come and gone in between.
 * @throws PrefineError("config") when that one has left a run there.
 */
export async function confirmStart(resuming: Resuming): Promise<RunFolder | undefined> {
  const { args, storage, resume } = resuming;
  if (!resume && !args.overwrite_output_dir) await refuseRun(storage.folder(args.output_dir));
  return findStart(resuming, QUIET);
}

/**
 * The checkpoint to go on from, if any.
 * @throws PrefineError when a path is asked for that is no whole checkpoint.
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
  await readResumeFile(folder); // says best what is wrong with a folder that is no checkpoint
  const fault = await checkpointFault(folder, { toResume: true });
  if (fault === undefined) return folder;
  throw new PrefineError("io", fault, "Resume from another checkpoint, or with resume_from_checkpoint: true.");
}
