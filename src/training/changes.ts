/** @file Compares a run with the checkpoint that it resumes from: what may differ is listed, all else is refused. */
import type { Fingerprint } from "../checkpoints/fingerprint.ts";
import { readTrainingArgs, TRAINING_ARGS } from "../checkpoints/trainingArgs.ts";
import type { RunFolder } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";
import { isObject, parseJson } from "../formats/parseJson.ts";
import { counted } from "../phrases.ts";
import { changesSince } from "./fingerprint.ts";
import { planTraining } from "./plan.ts";
import type { Run } from "./run.ts";

/** Settings that say how to resume, and those whose new value is in the command that resumes. */
const OF_THE_CALL: ReadonlySet<string> = new Set(["resume_from_checkpoint", "overwrite_output_dir", "output_dir"]);

/**
 * Changed settings, as `name: before -> now`.
 * @param folder the checkpoint.
 * @throws PrefineError("config") for changes that are not allowed.
 */
export async function changedSettings(run: Run, saved: Fingerprint, folder: RunFolder): Promise<string[]> {
  const changed = changesSince(saved, run.fingerprint, folder.path);
  checkSteps(run, saved, folder.path);
  return [...changed, ...(await furtherChanges(run, folder))];
}

/** The same pairs per step may be other steps per epoch, if the smaller batch at the end of an epoch is dropped. */
function checkSteps({ args, plan }: Run, { objective }: Fingerprint, path: string): void {
  const { per_device_train_batch_size: size, gradient_accumulation_steps: steps } = objective;
  if (typeof size !== "number" || typeof steps !== "number") return;
  const batches = { per_device_train_batch_size: size, gradient_accumulation_steps: steps };
  const { stepsPerEpoch } = planTraining(plan.rows, { ...args, ...batches });
  if (stepsPerEpoch === plan.stepsPerEpoch) return;
  throw new PrefineError(
    "config",
    `${path}: with dataloader_drop_last, ${size} x ${steps} pairs per step are ` +
      `${counted(stepsPerEpoch, "step")} per epoch, and ` +
      `${plan.batchSize} x ${plan.accumulation} are ${plan.stepsPerEpoch}: the run would go on at other rows`,
    "Resume with the batches of that run, or start a new run in another output_dir.",
  );
}

/** Settings without an effect on what a step computes: not in the fingerprint, but in training_args.json. */
async function furtherChanges({ files, fingerprint }: Run, folder: RunFolder): Promise<string[]> {
  const own = files.find(([name]) => name === TRAINING_ARGS)?.[1];
  if (typeof own !== "string") return [];
  const [before, now] = [await readTrainingArgs(folder), parseJson(own)];
  if (!isObject(now) || Object.keys(before).length === 0) return [];
  const isCompared = (name: string) => name in fingerprint.objective || name in fingerprint.schedule;
  return Object.keys(now)
    .filter((name) => name in before && !isCompared(name) && !OF_THE_CALL.has(name))
    .map((name) => [name, JSON.stringify(before[name]), JSON.stringify(now[name])])
    .filter(([, then, today]) => then !== today)
    .map(([name, then, today]) => `${name}: ${then} -> ${today}`);
}

const DESCRIPTIONS: Readonly<Record<string, string>> = { model: "the base model", adapter: "the starting adapter" };

/**
 * The frozen weights must be those that the run began with: the same names and shapes do not suffice.
 * @throws PrefineError("config") naming the model whose weights differ.
 */
export async function checkWeights({ weights: saved }: Fingerprint, run: Run, path: string): Promise<void> {
  if (!saved || !run.weights) return;
  run.observer.status("reading the base model's weights");
  const now = await run.weights();
  run.observer.status(undefined);
  for (const name of new Set([...Object.keys(saved), ...Object.keys(now)])) {
    if (saved[name] === now[name]) continue;
    const [before, after] = [saved[name], now[name]].map((hash) => (hash ? `sha256 ${hash.slice(0, 16)}` : "none"));
    throw new PrefineError(
      "config",
      `${path}: expected the weights of ${DESCRIPTIONS[name] ?? name} of that run (${before}), found others (${after})`,
      `Resume with the ${name === "adapter" ? "starting adapter" : "models"} of that run; was a file replaced since?`,
    );
  }
}
