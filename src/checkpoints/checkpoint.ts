/** @file A checkpoint folder: the model's files, the optimizer, trainer_state.json, and what resuming exactly needs. */

import type { ModelFiles, RunFolder } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";
import { byteLength, type Content } from "../formats/content.ts";
import { parseJson } from "../formats/parseJson.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from "../formats/safetensors.ts";
import type { AdaptiveState } from "../optim/adaptiveSchedules.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { checkSafetensorsFile, modelFiles, readModelWeights, readTensorFile, type SavedModel } from "./modelFiles.ts";
import { encodeTensors, type SavedTensors } from "./tensors.ts";
import {
  encodeTrainerState,
  newControl,
  readRunState,
  TRAINER_STATE,
  type TrainerControl,
  type TrainerState,
} from "./trainerState.ts";

const OPTIMIZER = "optimizer.safetensors";
const REFERENCE = "reference_logps.safetensors";
const REFERENCE_WEIGHTS = "reference_weights.safetensors";
/** Written last into the folder; lists all other files with their sizes, so that a damaged checkpoint is known. */
const RESUME = "prefine_state.json";
const FORMAT = 1;
const DAMAGED = "Is the checkpoint damaged? Resume from another one.";

/** The loop's memory between two steps that no file of transformers holds. */
export interface LoopState {
  /**
   * What has happened since the last optimizer step, so that a resumed run does the rest of it:
   * "step": nothing; "step ended": callbacks were told; "evaluated": what follows a step; "epoch ended": callbacks
   * were told of the end of an epoch; "epoch": also what follows an epoch, if one ended.
   */
  stage: "step" | "step ended" | "evaluated" | "epoch ended" | "epoch";
  /** What callbacks and the flow have asked for. */
  control: TrainerControl;
  /** Steps that were left out because a callback ended their epoch. */
  skippedSteps: number;
  /** Of the evaluation that goes on: how many evaluation sets are done, and their metrics. */
  evaluation: { done: number; metrics: Record<string, number> };
  /** Bytes of the table of margins that belong to the log so far. */
  marginsBytes: number;
  /** Whether an evaluation was the last thing that the model did: TRL then logs no training metrics at the end. */
  evaluatedLast: boolean;
  /** Sum of the losses since the last log, as float32. */
  pendingLoss: number;
  /** Sum of the losses that have been logged. */
  loggedLoss: number;
  /** global_step of the last log. */
  lastLoggedStep: number;
  lastGradNorm: number;
  lastLearningRate: number;
  /** Sum over the micro-batches since the last log and their number, by metric: TRL's `_metrics["train"]`. */
  pendingMetrics: Record<string, [sum: number, count: number]>;
  /** Tokens of the training micro-batches so far: TRL's `_total_train_tokens`. */
  totalTrainTokens: number;
  /** Of a learning rate that follows evaluations; null for others. */
  adaptive: AdaptiveState | null;
}

/** Of a run before its first step. */
export function newLoopState(): LoopState {
  return {
    stage: "epoch",
    evaluatedLast: false,
    pendingLoss: 0,
    loggedLoss: 0,
    lastLoggedStep: 0,
    lastGradNorm: 0,
    lastLearningRate: 0,
    pendingMetrics: {},
    totalTrainTokens: 0,
    control: newControl(),
    skippedSteps: 0,
    evaluation: { done: 0, metrics: {} },
    marginsBytes: 0,
    adaptive: null,
  };
}

export interface Checkpoint {
  weights: SavedTensors;
  /** `exp_avg.NAME` and so on. */
  optimizer: SavedTensors;
  optimizerStep: number;
  state: TrainerState;
  loop: LoopState;
  fingerprint: Fingerprint;
  /** Reference log-probabilities by split: two float64 a pair (chosen, rejected), NaN where not computed yet. */
  reference: ReadonlyMap<string, Float64Array>;
  /** Weights of a reference that is not what it was at the start (sync_ref_model). */
  referenceWeights?: SavedTensors;
}

interface ResumeFile {
  format: number;
  kind: SavedModel["kind"];
  optimizerStep: number;
  loop: LoopState;
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
 * Writes a checkpoint folder, whole or not at all.
 * @param extra further files: the tokenizer's, training_args.json.
 * @param onlyModel without what resuming needs: transformers' save_only_model.
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

function resumeTensors({ optimizer, reference, referenceWeights }: Checkpoint): [string, Content][] {
  const files: [string, Content][] = [
    [OPTIMIZER, encodeTensors(optimizer, { format: "pt" })],
    [REFERENCE, [encodeReference(reference)]],
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
 * @throws PrefineError when the folder is no whole checkpoint of prefine, or one of the other kind of training.
 */
export async function readCheckpoint(folder: RunFolder, kind: SavedModel["kind"]): Promise<Checkpoint> {
  const resume = await readResumeFile(folder);
  if (resume.kind !== kind) {
    const [found, expected] = [resume.kind, kind].map((name) => (name === "adapter" ? "an adapter" : "all weights"));
    const hint = "Resume with the use_peft of the run that wrote it, or from another checkpoint.";
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
    reference: await readReference(folder),
    ...(hasReference ? { referenceWeights: await readTensorFile(folder, REFERENCE_WEIGHTS) } : {}),
  };
}

function onlyModelError(path: string): PrefineError {
  return new PrefineError("io", `${path}: it was saved with save_only_model: true, without the optimizer`);
}

/**
 * Why a folder can't be used, or undefined if it can. Reads all but the numbers of the tensors.
 * @param options.toResume whether the run is to go on from it; otherwise its model is all that is wanted.
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

/** @throws PrefineError("io") when the folder is no checkpoint of prefine. */
export async function readResumeFile(folder: RunFolder): Promise<ResumeFile> {
  const text = (await folder.exists()) ? await folder.readText(RESUME) : undefined;
  if (text === undefined) {
    const hint = "Only checkpoints that prefine wrote can be resumed; TRL's hold pickled PyTorch objects.";
    throw new PrefineError("io", `${folder.path}: expected a checkpoint of prefine, found no ${RESUME}`, hint);
  }
  try {
    const resume = parseJson(text) as ResumeFile;
    if (resume.format === FORMAT && resume.fingerprint && isLoop(resume.loop) && isSizes(resume.files)) return resume;
  } catch {
    // told below
  }
  throw new PrefineError(
    "io",
    `${folder.pathOf(RESUME)}: expected the state of a run in format ${FORMAT}, found something else`,
    DAMAGED,
  );
}

function isLoop(loop: Partial<LoopState> | undefined): boolean {
  const stages: unknown[] = ["step", "step ended", "evaluated", "epoch ended", "epoch"];
  const numbers = [loop?.pendingLoss, loop?.loggedLoss, loop?.lastLoggedStep, loop?.lastGradNorm];
  const isWhole = [...numbers, loop?.lastLearningRate, loop?.totalTrainTokens].every(Number.isFinite);
  return isWhole && stages.includes(loop?.stage) && typeof loop?.pendingMetrics === "object";
}

function isSizes(files: unknown): boolean {
  return typeof files === "object" && files !== null && Object.values(files).every(Number.isSafeInteger);
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
