/** @file A checkpoint folder: the model's files, the optimizer, trainer_state.json and the state for exact resuming. */

import type { ModelFiles, RunFolder } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";
import { byteLength, type Content } from "../formats/content.ts";
import { isObject, parseJson } from "../formats/parseJson.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from "../formats/safetensors.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { checkSafetensorsFile, modelFiles, readModelWeights, readTensorFile, type SavedModel } from "./modelFiles.ts";
import { encodeTensors, type SavedTensors } from "./tensors.ts";
import { encodeTrainerState, readRunState, TRAINER_STATE, type TrainerState } from "./trainerState.ts";

const OPTIMIZER = "optimizer.safetensors";
const REFERENCE = "reference_logps.safetensors";
const REFERENCE_WEIGHTS = "reference_weights.safetensors";
/** Written last; lists all other files with their sizes, to detect a damaged checkpoint. */
const RESUME = "prefine_state.json";
const FORMAT = 2;
/** Format 1 has an older form of `loop`, which training can read. */
const READABLE = [1, FORMAT];
const DAMAGED = "Is the checkpoint damaged? Resume from another one.";

export interface Checkpoint {
  weights: SavedTensors;
  /** `exp_avg.NAME` and so on. */
  optimizer: SavedTensors;
  optimizerStep: number;
  state: TrainerState;
  /** Training's state between two steps: stored as JSON, validated by training. */
  loop: object;
  fingerprint: Fingerprint;
  /** Reference log-probabilities by split: two float64 per pair (chosen, rejected), NaN if not computed yet. */
  referenceLogps: ReadonlyMap<string, Float64Array>;
  /** Weights of a reference that changes during training (sync_ref_model). */
  referenceWeights?: SavedTensors;
}

interface ResumeFile {
  format: number;
  kind: SavedModel["kind"];
  optimizerStep: number;
  loop: object;
  fingerprint: Fingerprint;
  /** Saved with save_only_model: there is no optimizer to resume with. */
  only_model?: boolean;
  /** Names of the other files -> bytes. */
  files: Record<string, number>;
}

interface CheckpointOptions {
  model: SavedModel;
  extra: Iterable<readonly [string, Content]>;
  onlyModel?: boolean;
}

/**
 * Writes a checkpoint folder atomically.
 * @param extra further files: the tokenizer's, training_args.json.
 * @param onlyModel omits the state for resuming: transformers' save_only_model.
 */
export async function writeCheckpoint(
  folder: RunFolder,
  checkpoint: Checkpoint,
  { model, extra, onlyModel = false }: CheckpointOptions,
): Promise<void> {
  const files: (readonly [string, Content])[] = [
    ...modelFiles(model, checkpoint.weights),
    ...(onlyModel ? [] : resumeTensors(checkpoint)),
    [TRAINER_STATE, encodeTrainerState(checkpoint.state)],
    ...extra,
  ];
  const { optimizerStep, loop, fingerprint } = checkpoint;
  const sizes = Object.fromEntries(files.map(([name, content]) => [name, byteLength(content)]));
  const only = onlyModel ? { only_model: true } : {};
  const resume = { format: FORMAT, kind: model.kind, ...only, optimizerStep, loop, fingerprint, files: sizes };
  await folder.fill([...files, [RESUME, `${JSON.stringify(resume, null, 2)}\n`]]);
}

function resumeTensors({ optimizer, referenceLogps, referenceWeights }: Checkpoint): [string, Content][] {
  const files: [string, Content][] = [
    [OPTIMIZER, encodeTensors(optimizer, { format: "pt" })],
    [REFERENCE, [encodeReference(referenceLogps)]],
  ];
  if (referenceWeights) files.push([REFERENCE_WEIGHTS, encodeTensors(referenceWeights, { format: "pt" })]);
  return files;
}

function encodeReference(reference: ReadonlyMap<string, Float64Array>): Uint8Array {
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [split, data] of reference) tensors.set(split, { dtype: "F64", shape: [data.length / 2, 2], data });
  return encodeSafetensors(tensors, { columns: "chosen,rejected" });
}

/**
 * @throws PrefineError if the folder is not a complete prefine checkpoint, or is one of the other kind of training.
 */
export async function readCheckpoint(folder: RunFolder, kind: SavedModel["kind"]): Promise<Checkpoint> {
  const resume = await readResumeFile(folder);
  if (resume.kind !== kind) {
    const [found, expected] = [resume.kind, kind].map((name) => (name === "adapter" ? "an adapter" : "all weights"));
    const hint = "Resume with the use_peft of its run, or from another checkpoint.";
    throw new PrefineError(
      "config",
      `${folder.path}: expected a checkpoint of ${expected}, found one of ${found}`,
      hint,
    );
  }
  await checkSizes(folder, resume.files);
  if (resume.only_model) throw onlyModelError(folder.path);
  const hasReference = REFERENCE_WEIGHTS in resume.files;
  return {
    weights: await readModelWeights(folder, kind),
    optimizer: await readTensorFile(folder, OPTIMIZER),
    optimizerStep: resume.optimizerStep,
    state: await readRunState(folder),
    loop: resume.loop,
    fingerprint: resume.fingerprint,
    referenceLogps: await readReference(folder),
    ...(hasReference ? { referenceWeights: await readTensorFile(folder, REFERENCE_WEIGHTS) } : {}),
  };
}

function onlyModelError(path: string): PrefineError {
  return new PrefineError("io", `${path}: it was saved with save_only_model: true, without the optimizer`);
}

/**
 * The reason why a folder can't be used, or undefined if it can. Reads everything except tensor data.
 * @param options.toResume whether the checkpoint is for resuming; otherwise only its model is needed.
 */
export async function checkpointFault(
  folder: RunFolder,
  { toResume = false }: { toResume?: boolean } = {},
): Promise<string | undefined> {
  try {
    const resume = await readResumeFile(folder);
    await checkSizes(folder, resume.files);
    if (toResume && resume.only_model) throw onlyModelError(folder.path);
    const tensorFiles = Object.keys(resume.files).filter((name) => name.endsWith(".safetensors"));
    for (const name of tensorFiles) await checkSafetensorsFile(folder, name);
    await readRunState(folder);
    return undefined;
  } catch (error) {
    if (error instanceof PrefineError) return error.message;
    throw error;
  }
}

/** @throws PrefineError("io") if the folder is not a prefine checkpoint. */
export async function readResumeFile(folder: RunFolder): Promise<ResumeFile> {
  const text = (await folder.exists()) ? await folder.readText(RESUME) : undefined;
  if (text === undefined) {
    const hint = "Only prefine's checkpoints can be resumed; TRL's contain pickled PyTorch objects.";
    throw new PrefineError("io", `${folder.path}: expected a checkpoint of prefine, found no ${RESUME}`, hint);
  }
  try {
    const resume = parseJson(text) as ResumeFile;
    const { format, fingerprint, loop, files } = resume;
    if (READABLE.includes(format) && fingerprint && isObject(loop) && isSizes(files)) return resume;
  } catch {
    // reported below
  }
  throw new PrefineError(
    "io",
    `${folder.pathOf(RESUME)}: expected the state of a run in format ${READABLE.join(" or ")}, found something else`,
    DAMAGED,
  );
}

function isSizes(files: unknown): boolean {
  return isObject(files) && Object.values(files).every(Number.isSafeInteger);
}

async function checkSizes(folder: RunFolder, files: Record<string, number>): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) {
    const size = await folder.size(name);
    if (size === bytes) continue;
    const found = size === undefined ? "no such file" : `${size} bytes`;
    throw new PrefineError("io", `${folder.pathOf(name)}: expected ${bytes} bytes, found ${found}`, DAMAGED);
  }
}

async function readReference(folder: ModelFiles): Promise<Map<string, Float64Array>> {
  const path = folder.pathOf(REFERENCE);
  const bytes = await folder.read(REFERENCE);
  if (!bytes) throw new PrefineError("io", `${path}: expected reference log-probabilities, found none`, DAMAGED);
  const reference = new Map<string, Float64Array>();
  for (const [split, { data }] of decodeSafetensors(bytes, path).tensors) {
    reference.set(split, new Float64Array(new Uint8Array(data).buffer));
  }
  return reference;
}
