/** @file output_dir: finds a run and its checkpoints, the newest valid one, and deletes old ones. */
import type { RunFolder } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";
import { ADAPTER_WEIGHTS } from "./adapter.ts";
import { type ExamineOptions, examineCheckpoint } from "./checkpoint.ts";
import { stepOfName } from "./checkpointNames.ts";
import { MODEL_WEIGHTS } from "./modelFiles.ts";
import { ownFiles, removeCheckpoint } from "./ownFiles.ts";
import { TRAINER_STATE } from "./trainerState.ts";

export interface CheckpointFolder {
  step: number;
  folder: RunFolder;
}

/** All entries of a folder with a checkpoint's name, oldest first: also a user's folders and files. */
export async function listNamed(run: RunFolder): Promise<CheckpointFolder[]> {
  const named: CheckpointFolder[] = [];
  for (const name of await run.list()) {
    const step = stepOfName(name);
    if (step !== undefined) named.push({ step, folder: run.folder(name) });
  }
  return named.sort((a, b) => a.step - b.step);
}

/** All checkpoint-N of a run, oldest first, including damaged ones and TRL's; not folders without any run's file. */
export async function listCheckpoints(run: RunFolder): Promise<CheckpointFolder[]> {
  const checkpoints: CheckpointFolder[] = [];
  for (const named of await listNamed(run)) if ((await ownFiles(named.folder)).length > 0) checkpoints.push(named);
  return checkpoints;
}

export interface NewestCheckpoint extends CheckpointFolder {
  /** Saved with save_only_model: there is no optimizer to resume with. */
  onlyModel: boolean;
}

/**
 * The valid checkpoint with the most steps.
 * @param onSkip called with each newer damaged one and the reason.
 */
export async function newestValidCheckpoint(
  run: RunFolder,
  onSkip: (path: string, fault: string) => void = () => {},
  options: ExamineOptions = {},
): Promise<NewestCheckpoint | undefined> {
  for (const checkpoint of (await listCheckpoints(run)).reverse()) {
    const examined = await examineCheckpoint(checkpoint.folder, options);
    if (examined.fault === undefined) return { ...checkpoint, onlyModel: examined.onlyModel };
    onSkip(checkpoint.folder.path, examined.fault);
  }
  return undefined;
}

/** Receives a line per folder or file that stays because no run wrote it. */
export type OnKept = (line: string) => void;

/**
 * Deletes the oldest checkpoints until `limit` are left: transformers' save_total_limit.
 * @param limit null or 0: keep all.
 * @param options.keep names to keep regardless of the limit: the newest, the best.
 */
export async function rotateCheckpoints(
  run: RunFolder,
  limit: number | null,
  { keep, onKept }: { keep: readonly string[]; onKept: OnKept },
): Promise<void> {
  if (limit === null || limit <= 0) return;
  const checkpoints = await listCheckpoints(run);
  const disposable = checkpoints.filter(({ folder }) => !keep.includes(folder.name));
  const excess = Math.min(checkpoints.length - limit, disposable.length);
  await removeCheckpoints(disposable.slice(0, Math.max(0, excess)), onKept);
}

/** Deletes all checkpoints but one. */
export async function keepOnly(run: RunFolder, name: string, onKept: OnKept): Promise<void> {
  const others = (await listCheckpoints(run)).filter(({ folder }) => folder.name !== name);
  await removeCheckpoints(others, onKept);
}

export async function removeCheckpoints(checkpoints: readonly CheckpointFolder[], onKept: OnKept): Promise<void> {
  for (const { folder } of checkpoints) {
    const kept = await removeCheckpoint(folder);
    if (kept.length > 0) onKept(`${folder.path}: deleted, but ${kept.join(", ")} is kept, since no run wrote it`);
  }
}

/** Files that mark a run or a model, which another run must not overwrite by accident. */
export const RUN_FILES = [TRAINER_STATE, ADAPTER_WEIGHTS, MODEL_WEIGHTS];
/** The first file or checkpoint that marks a run, or undefined. */
async function findRun(folder: RunFolder): Promise<string | undefined> {
  const [checkpoint] = await listNamed(folder);
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
