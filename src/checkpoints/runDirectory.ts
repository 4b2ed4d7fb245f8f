/** @file output_dir: does it hold a run, which checkpoints, which is the newest whole one, which may go. */
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

/** transformers' name of the checkpoint after `step` optimizer steps. */
export function checkpointName(step: number): string {
  return `checkpoint-${step}`;
}

/** All checkpoint-N of a run, oldest first; damaged ones too. */
export async function listCheckpoints(run: RunFolder): Promise<CheckpointFolder[]> {
  const found: CheckpointFolder[] = [];
  for (const name of await run.list()) {
    const step = /^checkpoint-(\d+)$/.exec(name)?.[1];
    if (step !== undefined) found.push({ step: Number(step), folder: run.folder(name) });
  }
  return found.sort((a, b) => a.step - b.step);
}

/**
 * The checkpoint with the most steps that is whole.
 * @param onSkip told about each newer one that is damaged, and why.
 * @param options.toResume passes over those that hold a model and nothing to resume with.
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
 * @param keep those that stay whatever the limit, by name: the newest one, the best one.
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

/** Files whose presence means: here is a run, or a model, that another run must not overwrite in passing. */
const RUN_FILES = [TRAINER_STATE, ADAPTER_WEIGHTS, MODEL_WEIGHTS];
/** What else a run writes, and an overwriting run replaces. */
const OTHER_FILES = [ADAPTER_CONFIG, TRAINING_ARGS, "README.md", "training_loss.svg", "training_loss.png", MARGINS];

/** The first file or checkpoint that shows that the folder holds a run, or undefined. */
async function findRun(folder: RunFolder): Promise<string | undefined> {
  const [checkpoint] = await listCheckpoints(folder);
  if (checkpoint) return checkpoint.folder.name;
  const names = new Set(await folder.list());
  return RUN_FILES.find((name) => names.has(name));
}

/** @throws PrefineError("config") when the folder holds a run; an empty, an absent and another folder are fine. */
export async function refuseRun(folder: RunFolder): Promise<void> {
  const found = await findRun(folder);
  if (found === undefined) return;
  throw new PrefineError(
    "config",
    `output_dir ${folder.path}: expected no run there, found ${found}`,
    "Choose another output_dir, go on with resume_from_checkpoint: true, or replace it: overwrite_output_dir: true.",
  );
}

/** Deletes the run that the folder holds, and nothing else. */
export async function removeRun(run: RunFolder): Promise<void> {
  for (const { folder } of await listCheckpoints(run)) await folder.remove();
  for (const name of [...RUN_FILES, ...OTHER_FILES]) await run.delete(name);
}
