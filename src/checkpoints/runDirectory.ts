/** @file output_dir: does it hold a run, which checkpoints, which is the newest whole one, which may go. */
import { access, readdir, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { ioError, isPartial, removeFolder } from "../disk/wholeFiles.ts";
import { PrefineError } from "../errors.ts";
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS } from "./adapter.ts";
import { checkpointFault } from "./checkpoint.ts";
import { MARGINS } from "./marginsTable.ts";
import { MODEL_WEIGHTS } from "./modelFiles.ts";
import { TRAINER_STATE } from "./trainerState.ts";
import { TRAINING_ARGS } from "./trainingArgs.ts";

export interface CheckpointFolder {
  step: number;
  path: string;
}

/** transformers' name of the checkpoint after `step` optimizer steps. */
export function checkpointName(step: number): string {
  return `checkpoint-${step}`;
}

async function entriesOf(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw ioError(cause, dir, "read");
  }
}

/** All checkpoint-N of a run, oldest first; damaged ones too. */
export async function listCheckpoints(dir: string): Promise<CheckpointFolder[]> {
  const found: CheckpointFolder[] = [];
  for (const name of await entriesOf(dir)) {
    const step = /^checkpoint-(\d+)$/.exec(name)?.[1];
    if (step !== undefined) found.push({ step: Number(step), path: join(dir, name) });
  }
  return found.sort((a, b) => a.step - b.step);
}

/**
 * The checkpoint with the most steps that is whole.
 * @param onSkip told about each newer one that is damaged, and why.
 * @param options.toResume passes over those that hold a model and nothing to resume with.
 */
export async function newestValidCheckpoint(
  dir: string,
  onSkip: (path: string, fault: string) => void = () => {},
  options: { toResume?: boolean } = {},
): Promise<CheckpointFolder | undefined> {
  for (const checkpoint of (await listCheckpoints(dir)).reverse()) {
    const fault = await checkpointFault(checkpoint.path, options);
    if (fault === undefined) return checkpoint;
    onSkip(checkpoint.path, fault);
  }
  return undefined;
}

/**
 * Deletes the oldest checkpoints until `limit` are left: transformers' save_total_limit.
 * @param limit null or 0: keep all.
 * @param keep paths that stay whatever the limit: the newest one, the best one.
 */
export async function rotateCheckpoints(dir: string, limit: number | null, keep: readonly string[]): Promise<void> {
  if (limit === null || limit <= 0) return;
  const checkpoints = await listCheckpoints(dir);
  const kept = new Set(keep.map((path) => basename(path)));
  const disposable = checkpoints.filter(({ path }) => !kept.has(basename(path)));
  const excess = Math.min(checkpoints.length - limit, disposable.length);
  for (const { path } of disposable.slice(0, Math.max(0, excess))) await removeFolder(path);
}

/** Deletes all checkpoints but one. */
export async function keepOnly(dir: string, name: string): Promise<void> {
  for (const { path } of await listCheckpoints(dir)) if (basename(path) !== name) await removeFolder(path);
}

/** Files whose presence means: here is a run, or a model, that another run must not overwrite in passing. */
const RUN_FILES = [TRAINER_STATE, ADAPTER_WEIGHTS, MODEL_WEIGHTS];
/** What else a run writes, and an overwriting run replaces. */
const OTHER_FILES = [ADAPTER_CONFIG, TRAINING_ARGS, "README.md", "training_loss.svg", "training_loss.png", MARGINS];

/** The first file or checkpoint that shows that `dir` holds a run, or undefined. */
async function findRun(dir: string): Promise<string | undefined> {
  const [checkpoint] = await listCheckpoints(dir);
  if (checkpoint) return basename(checkpoint.path);
  const names = new Set(await entriesOf(dir));
  return RUN_FILES.find((name) => names.has(name));
}

/** @throws PrefineError("config") when `dir` holds a run; an empty, an absent and another folder are fine. */
export async function refuseRun(dir: string): Promise<void> {
  const found = await findRun(dir);
  if (found === undefined) return;
  throw new PrefineError(
    "config",
    `output_dir ${dir}: expected no run there, found ${found}`,
    "Choose another output_dir, go on with resume_from_checkpoint: true, or replace it: overwrite_output_dir: true.",
  );
}

/** Deletes the run that `dir` holds, and nothing else. */
export async function removeRun(dir: string): Promise<void> {
  for (const { path } of await listCheckpoints(dir)) await removeFolder(path);
  for (const name of [...RUN_FILES, ...OTHER_FILES]) await remove(join(dir, name));
}

/** Deletes what a crash left half-written. */
export async function removePartials(dir: string): Promise<void> {
  for (const name of await entriesOf(dir)) if (isPartial(name)) await remove(join(dir, name));
}

async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch((cause) => {
    throw ioError(cause, path, "delete");
  });
}

/** Whether a folder is there. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Whether a file or folder is there. */
export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
