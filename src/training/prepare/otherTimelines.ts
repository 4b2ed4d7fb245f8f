/**
 * @file Checkpoints of one folder that do not descend from each other: a run was resumed from an older one, perhaps
 * with another learning rate, and stopped before it came to the steps of the newer ones.
 */
import { type CheckpointFolder, listCheckpoints } from "../../checkpoints/runDirectory.ts";
import { type LogEntry, readRunState } from "../../checkpoints/trainerState.ts";
import type { RunFolder } from "../../disk/storage.ts";
import { PrefineError } from "../../errors.ts";

/**
 * Checkpoints of earlier steps whose log is not the beginning of this one's.
 * Cost: reads the log of each checkpoint.
 */
export async function otherTimelines(run: RunFolder, newest: CheckpointFolder): Promise<RunFolder[]> {
  const log = new Set((await logOf(newest.folder)).map(withoutTimings));
  const others: RunFolder[] = [];
  for (const { folder, step } of await listCheckpoints(run)) {
    const last = step < newest.step ? (await logOf(folder)).at(-1) : undefined;
    if (last && !log.has(withoutTimings(last))) others.push(folder);
  }
  return others;
}

/** Empty if it can't be read: such a checkpoint is not valid. */
async function logOf(folder: RunFolder): Promise<LogEntry[]> {
  try {
    return (await readRunState(folder)).log_history;
  } catch (error) {
    if (error instanceof PrefineError) return [];
    throw error;
  }
}

const withoutTimings = (entry: LogEntry) =>
  JSON.stringify(Object.entries(entry).filter(([name]) => !/runtime|per_second/.test(name)));
