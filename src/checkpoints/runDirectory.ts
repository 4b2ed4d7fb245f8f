/** @file output_dir: finds a run and its checkpoints, the newest valid one, and deletes old ones. */
import type { RunFolder } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS } from "./adapter.ts";
import { checkpointFault } from "./checkpoint.ts";
import { MARGINS } from "./marginsTable.ts";
import { MODEL_WEIGHTS } from "./modelFiles.ts";
import { TRAINER_STATE } from "./trainerState.ts";
import { TRAINING_ARGS } from "./trainingArgs.ts";

export interface CheckpointFolder {
  step: number;
  folder: RunFolder;
}

/** transformers' folder name of the checkpoint after `step` optimizer steps. */
export function checkpointName(step: number): string {
  return `checkpoint-${step}`;
}

const CHECKPOINT_NAME = /^checkpoint-(\d+)$/;

/** Whether a folder has the name of a checkpoint; its run is then the folder above. */
export const isCheckpointName = (name: string): boolean => CHECKPOINT_NAME.test(name);

/** All checkpoint-N of a run, oldest first, including damaged ones. */
export async function listCheckpoints(run: RunFolder): Promise<CheckpointFolder[]> {
  const checkpoints: CheckpointFolder[] = [];
  for (const name of await run.list()) {
    const step = CHECKPOINT_NAME.exec(name)?.[1];
    if (step !== undefined) checkpoints.push({ step: Number(step), folder: run.folder(name) });
  }
  return checkpoints.sort((a, b) => a.step - b.step);
}

/**
 * The valid checkpoint with the most steps.
 * @param onSkip called with each newer damaged one and the reason.
 * @param options.toResume skips those without the state for resuming.
 */
export async function newestValidCheckpoint(
  run: RunFolder,
  onSkip: (path: string, fault: string) => void = () => {},
  options: { toResume?: boolean } = {},
): Promise<CheckpointFolder | undefined> {
  for (const checkpoint of (await listCheckpoints(run)).reverse()) {
    const fault = await checkpointFault(checkpoint.folder, options);
    if (fault === undefined) return checkpoint;
    onSkip(checkpoint.folder.path, fault);
  }
  return undefined;
}

/**
 * Deletes the oldest checkpoints until `limit` are left: transformers' save_total_limit.
 * @param limit null or 0: keep all.
 * @param keep names to keep regardless of the limit: the newest, the best.
 */
export async function rotateCheckpoints(run: RunFolder, limit: number | null, keep: readonly string[]): Promise<void> {
  if (limit === null || limit <= 0) return;
  const checkpoints = await listCheckpoints(run);
  const disposable = checkpoints.filter(({ folder }) => !keep.includes(folder.name));
  const excess = Math.min(checkpoints.length - limit, disposable.length);
  for (const { folder } of disposable.slice(0, Math.max(0, excess))) await folder.remove();
}

/** Deletes all checkpoints but one. */
export async function keepOnly(run: RunFolder, name: string): Promise<void> {
  for (const { folder } of await listCheckpoints(run)) if (folder.name !== name) await folder.remove();
}

/** The verdict on a run. */
export const VERDICT = "verdict.json";

/** Files that mark a run or a model, which another run must not overwrite by accident. */
const RUN_FILES = [TRAINER_STATE, ADAPTER_WEIGHTS, MODEL_WEIGHTS];
/** Other files of a run, replaced by an overwriting run. */
const OTHER_FILES = [
  ADAPTER_CONFIG,
  TRAINING_ARGS,
  "README.md",
  "training_loss.svg",
  "training_loss.png",
  MARGINS,
  VERDICT,
];

/** The first file or checkpoint that marks a run, or undefined. */
async function findRun(folder: RunFolder): Promise<string | undefined> {
  const [checkpoint] = await listCheckpoints(folder);
  if (checkpoint) return checkpoint.folder.name;
  const names = new Set(await folder.list());
  return RUN_FILES.find((name) => names.has(name));
}

/** @throws PrefineError("config") if the folder has a run; absent, empty and other folders are fine. */
export async function refuseRun(folder: RunFolder): Promise<void> {
  const entry = await findRun(folder);
  if (entry === undefined) return;
  throw new PrefineError(
    "config",
    `output_dir ${folder.path}: expected no run there, found ${entry}`,
    "Choose another output_dir, or set resume_from_checkpoint: true or overwrite_output_dir: true.",
  );
}

/** Deletes only the files of the folder's run. */
export async function removeRun(run: RunFolder): Promise<void> {
  for (const { folder } of await listCheckpoints(run)) await folder.remove();
  for (const name of [...RUN_FILES, ...OTHER_FILES]) await run.delete(name);
}
