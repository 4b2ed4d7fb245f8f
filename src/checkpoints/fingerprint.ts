/** @file A run's identity as a few values, which a resumed run must match. */
import { PrefineError } from "../errors.ts";

/**
 * Values by name, in three groups. `data` and `objective` must be equal, or the log would mix two runs; a change of
 * `schedule` is allowed (longer training, another rate) with a warning.
 */
export interface Fingerprint {
  /** Hashes and numbers of rows. */
  data: Record<string, unknown>;
  /** The loss, the model, and the batching. */
  objective: Record<string, unknown>;
  /** Learning rate, length, optimizer. */
  schedule: Record<string, unknown>;
  /** SHA-256 of frozen weights by what they are: model, adapter, ref_model. Absent in formats 1 and 2. */
  weights?: Record<string, string> | undefined;
}

type Values = Record<string, unknown>;

/** `name: saved -> now` for each value that differs; within a value of several, `lora.r: 4 -> 8`. */
function differences(saved: Values, now: Values, prefix = ""): string[] {
  const changes: string[] = [];
  for (const name of new Set([...Object.keys(saved), ...Object.keys(now)])) {
    const [before, after] = [saved[name], now[name]];
    if (JSON.stringify(before ?? null) === JSON.stringify(after ?? null)) continue;
    if (isValues(before) && isValues(after)) changes.push(...differences(before, after, `${prefix}${name}.`));
    else changes.push(`${prefix}${name}: ${JSON.stringify(before)} -> ${JSON.stringify(after)}`);
  }
  return changes;
}

function isValues(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * @param where the checkpoint's path, for messages.
 * @returns the differences in the schedule, one string per value.
 * @throws PrefineError("config") if data or objective differ; lists the differences.
 */
export function compareFingerprints(saved: Fingerprint, now: Fingerprint, where: string): string[] {
  const refused = [...differences(saved.data, now.data), ...differences(saved.objective, now.objective)];
  if (refused.length > 0) {
    throw new PrefineError(
      "config",
      `${where}: this checkpoint belongs to another run: ${refused.join("; ")}`,
      "Resume with the data and settings of that run, or start a new run in another output_dir.",
    );
  }
  return differences(saved.schedule, now.schedule);
}
