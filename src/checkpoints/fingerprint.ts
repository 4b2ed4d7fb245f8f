/** @file What a run is, in a few values: a resumed run must be the same run. */
import { PrefineError } from "../errors.ts";

/**
 * Values by name, in three kinds. `data` and `objective` must be equal, or the log would mix two runs; a change of
 * `schedule` is the reader's choice (longer training, another rate) and gets a line.
 */
export interface Fingerprint {
  /** Hashes and numbers of rows. */
  data: Record<string, unknown>;
  /** The loss, the model, and how rows become steps. */
  objective: Record<string, unknown>;
  /** Learning rate, length, optimizer. */
  schedule: Record<string, unknown>;
}

/** `name: saved -> now` for each value that differs. */
function differences(saved: Record<string, unknown>, now: Record<string, unknown>): string[] {
  const names = [...new Set([...Object.keys(saved), ...Object.keys(now)])];
  const differing = names.filter((name) => JSON.stringify(saved[name] ?? null) !== JSON.stringify(now[name] ?? null));
  return differing.map((name) => `${name}: ${JSON.stringify(saved[name])} -> ${JSON.stringify(now[name])}`);
}

/**
 * @param where the checkpoint's path, for messages.
 * @returns what differs in the schedule, one text a value.
 * @throws PrefineError("config") when data or objective differ; it says in what.
 */
export function compareFingerprints(saved: Fingerprint, now: Fingerprint, where: string): string[] {
  const refused = [...differences(saved.data, now.data), ...differences(saved.objective, now.objective)];
  if (refused.length > 0) {
    throw new PrefineError(
      "config",
      `${where}: this checkpoint is of another run: ${refused.join("; ")}`,
      "Resume with the data and settings of that run, or start a new run in another output_dir.",
    );
  }
  return differences(saved.schedule, now.schedule);
}
