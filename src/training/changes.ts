/** @file Compares a run with the checkpoint that it resumes from: what may differ is listed, all else is refused. */
import { ADAPTER_CONFIG } from "../checkpoints/adapter.ts";
import { parseAdapterConfig } from "../checkpoints/adapterConfig.ts";
import { differences, type Fingerprint } from "../checkpoints/fingerprint.ts";
import { readTrainingArgs, TRAINING_ARGS } from "../checkpoints/trainingArgs.ts";
import type { RunFolder } from "../disk/storage.ts";
import { PrefineError, show } from "../errors.ts";
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
  const further = await furtherChanges(run, folder);
  const changed = telling(further, () => changesSince(saved, run.fingerprint, folder.path));
  checkSettings(saved, run.fingerprint, folder.path);
  checkSteps(run, saved, folder.path);
  return [...changed, ...further];
}

/** A refusal also says which other settings changed: max_prompt_length explains why the pairs are others. */
function telling<T>(further: readonly string[], compare: () => T): T {
  try {
    return compare();
  } catch (error) {
    if (!(error instanceof PrefineError) || further.length === 0) throw error;
    throw new PrefineError(error.code, error.message, `${error.hint} Also changed: ${further.join("; ")}.`);
  }
}

/** The same pairs per step may be other steps per epoch, if the smaller batch at the end of an epoch is dropped. */
function checkSteps({ args, plan }: Run, { objective, ranks = 1 }: Fingerprint, path: string): void {
  if (ranks !== plan.ranks) return; // the order of the rows changes anyway
  const { per_device_train_batch_size: size, gradient_accumulation_steps: steps } = objective;
  if (typeof size !== "number" || typeof steps !== "number") return;
  const batches = { per_device_train_batch_size: size, gradient_accumulation_steps: steps };
  const { stepsPerEpoch } = planTraining(plan.rows, { ...args, ...batches, ranks: plan.ranks });
  if (stepsPerEpoch === plan.stepsPerEpoch) return;
  throw new PrefineError(
    "config",
    `${path}: with dataloader_drop_last, ${size} x ${steps} pairs per step are ` +
      `${counted(stepsPerEpoch, "step")} per epoch, and ` +
      `${plan.batchSize} x ${plan.accumulation} are ${plan.stepsPerEpoch}: the run would go on at other rows`,
    "Resume with the batches of that run, or start a new run in another output_dir.",
  );
}

/** Changes without an effect on what a step computes: settings outside of the fingerprint, names, saved files. */
async function furtherChanges(run: Run, folder: RunFolder): Promise<string[]> {
  return [
    ...(await changedArguments(run, folder)),
    ...(await changedBase(run, folder)),
    ...(await changedFiles(run, folder)),
  ];
}

/** The base model's name; its weights are compared by their hashes. */
async function changedBase({ savedAs }: Run, folder: RunFolder): Promise<string[]> {
  if (savedAs.kind !== "adapter") return [];
  const text = await folder.readText(ADAPTER_CONFIG);
  const before = text === undefined ? undefined : parseAdapterConfig(text, folder.pathOf(ADAPTER_CONFIG));
  const now = savedAs.config.base_model_name_or_path;
  if (!before || before.base_model_name_or_path === now) return [];
  return [`base_model_name_or_path: ${show(before.base_model_name_or_path)} -> ${show(now)}`];
}

/** The tokenizer's files, which the run saves with its model; the fingerprint has the tokens of the pairs. */
async function changedFiles({ files, platform }: Run, folder: RunFolder): Promise<string[]> {
  const changed: string[] = [];
  for (const [name, content] of files) {
    if (name === TRAINING_ARGS || (typeof content === "object" && "pieces" in content)) continue;
    const bytes = await folder.read(name);
    if (!bytes) continue;
    const [before, now] = [platform.storage.sha256(), platform.storage.sha256()];
    before.update(bytes);
    for (const piece of typeof content === "string" ? [new TextEncoder().encode(content)] : content) now.update(piece);
    if (before.hex() !== now.hex()) changed.push(`${name}: another file than in that run`);
  }
  return changed;
}

/** Settings that are not in the fingerprint, but in training_args.json. */
async function changedArguments({ files, fingerprint }: Run, folder: RunFolder): Promise<string[]> {
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

/** Equal weights under another config.json (another activation, another rotary base) are another model. */
function checkSettings({ models: saved }: Fingerprint, { models: now }: Fingerprint, path: string): void {
  if (!saved || !now) return;
  for (const name of Object.keys(saved).filter((each) => each in now)) {
    const changed = differences(saved[name], now[name]);
    if (changed.length === 0) continue;
    const whose = `${DESCRIPTIONS[name] ?? name} of that run`;
    const file = name.endsWith("adapter") ? ADAPTER_CONFIG : "config.json";
    throw new PrefineError(
      "config",
      `${path}: expected the settings of ${whose}, found others: ${changed.join("; ")}`,
      `Resume with the ${file} of that run; was it edited since?`,
    );
  }
}

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
