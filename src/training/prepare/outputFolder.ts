/** @file Checks output_dir before the first step: whether it is writable, has a run, and where to resume it. */
import { examineCheckpoint } from "../../checkpoints/checkpoint.ts";
import { refuseOwned } from "../../checkpoints/ownership.ts";
import { isInTheWay } from "../../checkpoints/ownFiles.ts";
import { readResumeFile } from "../../checkpoints/resumeFile.ts";
import {
  listCheckpoints,
  listNamed,
  type NewestCheckpoint,
  newestValidCheckpoint,
  RUN_FILES,
  refuseRun,
} from "../../checkpoints/runDirectory.ts";
import { readTrainingArgs, TRAINING_ARGS } from "../../checkpoints/trainingArgs.ts";
import { type BitsAndBytesConfig, recordedQuantization } from "../../config/BitsAndBytesConfig.ts";
import type { DPOConfig } from "../../config/DPOConfig.ts";
import type { RunFolder, Storage } from "../../disk/storage.ts";
import { PrefineError } from "../../errors.ts";
import type { RunObserver } from "../run.ts";
import { otherTimelines } from "./otherTimelines.ts";

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
  const resuming = { args, storage, resume };
  if (typeof resume === "string") await refuseMissing(resume, output, storage);
  if (!continuesRun(resuming) && !args.overwrite_output_dir) await refuseRun(output);
  await findStart(resuming, QUIET);
}

/** The part of {@link checkOutputDir} that only reads: a run that is neither resumed nor overwritten. */
export async function checkFreshOutput(args: DPOConfig, storage: Storage): Promise<void> {
  const resuming = { args, storage, resume: args.resume_from_checkpoint };
  if (!continuesRun(resuming) && !args.overwrite_output_dir) await refuseRun(storage.folder(args.output_dir));
  await findStart(resuming, QUIET);
}

/** Words for the newest checkpoint in other programs; "true" is a path where no command line reads it. */
const NEWEST = /^(true|yes|last|latest|newest|auto|best)?$/i;

/** @throws PrefineError("io") if there is no such folder, with the checkpoint that is probably meant. */
async function refuseMissing(resume: string, output: RunFolder, storage: Storage): Promise<void> {
  const folder = storage.folder(resume);
  if (resume !== "" && (await folder.exists())) return;
  const isFile = resume !== "" && (await folder.above().has(folder.name));
  const found = isFile ? "a file" : "nothing there";
  const expected = "expected the folder of a checkpoint or a run";
  const message = `resume_from_checkpoint ${JSON.stringify(resume)}: ${expected}, found ${found}`;
  throw new PrefineError("io", message, await suggested(resume, output));
}

async function suggested(resume: string, output: RunFolder): Promise<string> {
  if (NEWEST.test(resume)) return "For the newest checkpoint of output_dir, write true, which is no text.";
  const checkpoints = await listCheckpoints(output);
  const step = /(\d+)[/\\]?$/.exec(resume)?.[1];
  const meant = checkpoints.find((one) => String(one.step) === step);
  if (meant) return `Did you mean ${meant.folder.path}?`;
  if (checkpoints.length === 0) return "Paths are relative to the working directory.";
  return `${output.path} has ${checkpoints.map(({ folder }) => folder.name).join(", ")}.`;
}

/** Whether the run of output_dir goes on; false: a new one begins there, possibly from another folder's checkpoint. */
export function continuesRun({ args, storage, resume }: Resuming): boolean {
  if (typeof resume !== "string") return resume === true;
  const [from, output] = [resume, args.output_dir].map((path) => storage.wholePath(path));
  return from === output || from.startsWith(`${output}/`) || from.startsWith(`${output}\\`);
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
  const file = checkpoint.folder.pathOf(TRAINING_ARGS);
  const quantization = recordedQuantization(await readTrainingArgs(checkpoint.folder), file);
  if (quantization) log(`quantization: as in ${file}`);
  return quantization;
}

/** The caller already warns about damaged checkpoints. */
const QUIET = { info: () => {}, warn: () => {} };

/**
 * Finds the start again, once the run has locked output_dir: another training may have run there in between.
 * @throws PrefineError("config") when that one has left a run there.
 */
export async function confirmStart(resuming: Resuming): Promise<NewestCheckpoint | undefined> {
  const { args, storage } = resuming;
  if (!continuesRun(resuming) && !args.overwrite_output_dir) await refuseRun(storage.folder(args.output_dir));
  return findStart(resuming, QUIET);
}

/**
 * The checkpoint to resume from: the newest valid one of output_dir or of the folder that `resume` names, or that
 * folder itself. Undefined: a run starts at step 0, because none is resumed or there is no checkpoint at all.
 * @throws PrefineError when there are checkpoints, or a finished run, but none can be resumed: nothing is overwritten.
 */
export async function findStart(
  { args, storage, resume }: Resuming,
  observer: Pick<RunObserver, "info" | "warn">,
): Promise<NewestCheckpoint | undefined> {
  if (!resume) return undefined;
  const folder = storage.folder(typeof resume === "string" ? resume : args.output_dir);
  const faults = new Map<string, string>();
  const newest = await newestValidCheckpoint(folder, (path, fault) => faults.set(path, fault));
  if (newest) {
    for (const [path, fault] of faults) observer.warn(`${path} can't be resumed from: ${fault}`);
    if (newest.onlyModel) await suggestOlder(folder, newest, observer);
    const others = (await otherTimelines(folder, newest)).map(({ path }) => path);
    if (others.length > 0) {
      const them = others.length === 1 ? "it" : "one of them";
      observer.warn(
        `${newest.folder.path} does not continue ${others.join(", ")}; to resume from ${them}, name its path`,
      );
    }
    return newest;
  }
  if (faults.size > 0) throw unusable(folder, [...faults]);
  if (typeof resume === "string") return named(folder);
  await refuseWithoutState(folder, args.overwrite_output_dir);
  observer.info(`${args.output_dir}: no checkpoint to resume from; starting at step 0`);
  return undefined;
}

/** The checkpoint whose folder the caller gave. */
async function named(folder: RunFolder): Promise<NewestCheckpoint> {
  const { step, optimizerStep } = await readResumeFile(folder); // has the best error for a folder that is no checkpoint
  const examined = await examineCheckpoint(folder);
  if (examined.fault === undefined) return { folder, step: step ?? optimizerStep, onlyModel: examined.onlyModel };
  throw new PrefineError("io", examined.fault, "Resume from another checkpoint, or with resume_from_checkpoint: true.");
}

const START_OVER =
  "To start over, choose another output_dir, or set resume_from_checkpoint: false and overwrite_output_dir: true.";

function unusable({ path }: RunFolder, faults: readonly (readonly [path: string, fault: string])[]): PrefineError {
  const reasons = faults.map(
    ([checkpoint, fault]) => `\n  ${fault.startsWith(checkpoint) ? "" : `${checkpoint}: `}${fault}`,
  );
  const count = faults.length === 1 ? "its checkpoint can't be" : `none of its ${faults.length} checkpoints can be`;
  return new PrefineError("io", `${path}: ${count} resumed from; nothing was changed${reasons.join("")}`, START_OVER);
}

/** A finished run without checkpoints, or checkpoints without any state: a fresh start would overwrite them. */
async function refuseWithoutState(output: RunFolder, overwrites: boolean): Promise<void> {
  const inTheWay: [string, string][] = [];
  for (const { folder } of await listNamed(output)) {
    if (await isInTheWay(folder)) inTheWay.push([folder.path, "no state of a training"]);
  }
  if (inTheWay.length > 0) throw unusable(output, inTheWay);
  const present = await output.list();
  const entry = RUN_FILES.find((name) => present.includes(name));
  if (entry === undefined || overwrites) return;
  const message = `${output.path}: expected a checkpoint to resume from, found a run without any (${entry})`;
  throw new PrefineError("config", message, START_OVER);
}

/** Names an older checkpoint that has an optimizer: from there, the run would be exact. */
async function suggestOlder(run: RunFolder, newest: NewestCheckpoint, observer: Pick<RunObserver, "info">) {
  for (const { folder, step } of (await listCheckpoints(run)).reverse()) {
    if (step >= newest.step) continue;
    const examined = await examineCheckpoint(folder);
    if (examined.fault !== undefined || examined.onlyModel) continue;
    return observer.info(`${folder.path} is the newest with an optimizer: resume_from_checkpoint: ${folder.path}`);
  }
}
