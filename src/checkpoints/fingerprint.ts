/** @file A run's identity as a few values, which a resumed run must match. */
import { PrefineError } from "../errors.ts";
import { pushAll } from "../lists.ts";

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
  /** Processes that trained together, if more than one. */
  ranks?: number | undefined;
  /** SHA-256 of frozen weights by what they are: model, adapter, ref_model. Absent in formats 1 and 2. */
  weights?: Record<string, string> | undefined;
  /** What the settings of these models decide beside their weights, in JSON. Absent in earlier checkpoints. */
  models?: Record<string, Record<string, unknown>> | undefined;
}

type Values = Record<string, unknown>;

/** `name: saved -> now` for each value that differs; within a value of several, `lora.r: 4 -> 8`. */
export function differences(saved: Values, now: Values, prefix = ""): string[] {
  const changes: string[] = [];
  for (const name of new Set([...Object.keys(saved), ...Object.keys(now)])) {
    const [before, after] = [saved[name], now[name]];
    if (JSON.stringify(before ?? null) === JSON.stringify(after ?? null)) continue;
    if (isValues(before) && isValues(after)) pushAll(changes, differences(before, after, `${prefix}${name}.`));
    else changes.push(`${prefix}${name}: ${shown(before)} -> ${shown(after)}`);
  }
  return changes;
}

/** A value in a message. Counts are stored as `1 pairs`, since earlier checkpoints compare them so. */
function shown(value: unknown): string {
  return value === undefined ? "none" : JSON.stringify(value).replace(/^"1 pairs,/, '"1 pair,');
}

function isValues(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What may change in the data: see training/trainedPairs.ts. */
const EDITS = " (rows that it has not come to in its first epoch may be edited in their places)";

/** The hash of the trained tensors says something only if no setting explains that they are others. */
function objectiveChanges({ trainable: before, ...saved }: Values, { trainable: after, ...now }: Values): string[] {
  const changes = differences(saved, now);
  return changes.length > 0 || before === after ? changes : ["the trained tensors: others, by name or shape"];
}

/**
 * @param where the checkpoint's path, for messages.
 * @returns the differences in the schedule, one string per value.
 * @throws PrefineError("config") if data or objective differ; lists the differences.
 */
export function compareFingerprints(saved: Fingerprint, now: Fingerprint, where: string): string[] {
  const data = differences(saved.data, now.data);
  const refused = [...data, ...objectiveChanges(saved.objective, now.objective)];
  if (refused.length > 0) {
    throw new PrefineError(
      "config",
      `${where}: this checkpoint belongs to another run: ${refused.join("; ")}`,
      `Resume with the data and settings of that run${data.length > 0 ? EDITS : ""}, or start a new run in another ` +
        "output_dir.",
    );
  }
  return differences(saved.schedule, now.schedule);
}
