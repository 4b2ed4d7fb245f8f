/** @file A checkpoint folder: the model's files, the optimizer, trainer_state.json and the state for exact resuming. */

import type { ModelFiles, RunFolder } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";
import { byteLength, type Content } from "../formats/content.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from "../formats/safetensors.ts";
import { ADAPTER_CONFIG } from "./adapter.ts";
import { encodeAdapterConfig } from "./adapterConfig.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { hashedContent } from "./hashedContent.ts";
import { checkSafetensorsFile, modelFiles, readModelWeights, readTensorFile, type SavedModel } from "./modelFiles.ts";
import { ownFiles } from "./ownFiles.ts";
import {
  adapterHash,
  checkFiles,
  checkStep,
  DAMAGED,
  encodeResumeFile,
  hasOwnAdapterConfig,
  RESUME,
  type ResumeState,
  readResumeFile,
  type WrittenFile,
} from "./resumeFile.ts";
import { encodeTensors, type SavedTensors } from "./tensors.ts";
import { encodeTrainerState, readRunState, TRAINER_STATE, type TrainerState } from "./trainerState.ts";

const OPTIMIZER = "optimizer.safetensors";
const REFERENCE = "reference_logps.safetensors";
const REFERENCE_WEIGHTS = "reference_weights.safetensors";

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

/** A checkpoint as it is read; without an optimizer if it was saved with save_only_model. */
export type SavedCheckpoint = Omit<Checkpoint, "optimizer"> & { optimizer: SavedTensors | undefined };

interface CheckpointOptions {
  model: SavedModel;
  extra: Iterable<readonly [string, Content]>;
  onlyModel?: boolean;
}

/**
 * Writes a checkpoint folder atomically; hashes each file while it is written. Files in a folder that it replaces which
 * no checkpoint has are kept.
 * @param extra further files: the tokenizer's, training_args.json.
 * @param onlyModel omits the state for resuming: transformers' save_only_model.
 */
export async function writeCheckpoint(
  folder: RunFolder,
  checkpoint: Checkpoint,
  { model, extra, onlyModel = false }: CheckpointOptions,
): Promise<void> {
  const contents: (readonly [string, Content])[] = [
    ...modelFiles(model, checkpoint.weights),
    ...(onlyModel ? [] : resumeTensors(checkpoint)),
    [TRAINER_STATE, encodeTrainerState(checkpoint.state)],
    ...extra,
  ];
  const { optimizerStep, loop, fingerprint, state } = checkpoint;
  const resume: ResumeState = {
    kind: model.kind,
    step: state.global_step,
    ...(onlyModel ? { only_model: true } : {}),
    optimizerStep,
    loop,
    fingerprint,
    ...(model.kind === "adapter"
      ? { adapter_sha256: adapterHash(encodeAdapterConfig(model.config), folder.path) }
      : {}),
    files: {},
  };
  const own = await ownFiles(folder);
  const names = new Set([RESUME, ...own, ...contents.map(([name]) => name)]);
  await folder.fill(checkpointFiles(contents, resume, folder), {
    keeps: (present) => present.filter((name) => !names.has(name)),
  });
}

/** The files in the order of writing; the last one has the hashes of those before it. */
function* checkpointFiles(
  contents: readonly (readonly [string, Content])[],
  resume: ResumeState,
  folder: RunFolder,
): Generator<readonly [string, Content]> {
  const files: Record<string, WrittenFile> = {};
  for (const [name, content] of contents) {
    const hash = folder.hash();
    yield [name, hashedContent(content, hash)];
    files[name] = { bytes: byteLength(content), sha256: hash.hex() };
  }
  yield [RESUME, encodeResumeFile({ ...resume, files })];
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
export async function readCheckpoint(folder: RunFolder, kind: SavedModel["kind"]): Promise<SavedCheckpoint> {
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
  await checkWhole(folder, resume);
  const { only_model: isOnlyModel = false } = resume;
  const hasReference = REFERENCE_WEIGHTS in resume.files;
  return {
    weights: await readModelWeights(folder, kind),
    optimizer: isOnlyModel ? undefined : await readTensorFile(folder, OPTIMIZER),
    optimizerStep: resume.optimizerStep,
    state: await readRunState(folder),
    loop: resume.loop,
    fingerprint: resume.fingerprint,
    referenceLogps: isOnlyModel ? new Map() : await readReference(folder),
    ...(hasReference ? { referenceWeights: await readTensorFile(folder, REFERENCE_WEIGHTS) } : {}),
  };
}

async function checkWhole(folder: RunFolder, { step, files }: ResumeState): Promise<void> {
  if (step !== undefined) checkStep(folder, RESUME, step);
  await checkFiles(folder, files);
}

export interface ExamineOptions {
  /** Whether only the model is used: its adapter_config.json may then name another base model. Default: false. */
  forModel?: boolean;
}

/** What a checkpoint folder is good for. */
export type Examined = { fault: string } | { fault: undefined; onlyModel: boolean };

/**
 * Checks every file of a checkpoint. Cost: its bytes are read, about a second per 1.5 GB, but only once while they do
 * not change.
 * @returns the reason why it can't be used, if there is one; `onlyModel`: saved with save_only_model.
 */
export async function examineCheckpoint(
  folder: RunFolder,
  { forModel = false }: ExamineOptions = {},
): Promise<Examined> {
  try {
    const resume = await readResumeFile(folder);
    const { [ADAPTER_CONFIG]: config, ...others } = resume.files;
    const skipsConfig = forModel && config !== undefined && (await hasOwnAdapterConfig(folder, resume));
    await checkWhole(folder, skipsConfig ? { ...resume, files: others } : resume);
    const tensorFiles = Object.keys(resume.files).filter((name) => name.endsWith(".safetensors"));
    for (const name of tensorFiles) await checkSafetensorsFile(folder, name);
    checkStep(folder, TRAINER_STATE, (await readRunState(folder)).global_step); // formats 1 and 2 name no step
    return { fault: undefined, onlyModel: resume.only_model ?? false };
  } catch (error) {
    if (error instanceof PrefineError) return { fault: error.message };
    throw error;
  }
}

/** The reason why a checkpoint can't be used, or undefined if it can: see {@link examineCheckpoint}. */
export async function checkpointFault(folder: RunFolder, options: ExamineOptions = {}): Promise<string | undefined> {
  return (await examineCheckpoint(folder, options)).fault;
}

/** Files that only a resumed run reads. */
const RESUME_ONLY: ReadonlySet<string> = new Set([OPTIMIZER, REFERENCE, REFERENCE_WEIGHTS, TRAINER_STATE]);

/**
 * For a checkpoint that the caller names as a model. Its texts may be edited by hand; its weights may not be damaged.
 * @returns a line per edited file; none for a folder that is no checkpoint.
 * @throws PrefineError("model") naming damaged weights.
 */
export async function editedModelFiles(folder: RunFolder): Promise<string[]> {
  if (!(await folder.has(RESUME))) return [];
  const resume = await orFault(readResumeFile(folder));
  if (typeof resume === "string") return [`${resume}; the other files can't be checked`];
  const edited: string[] = [];
  for (const [name, file] of Object.entries(resume.files)) {
    if (RESUME_ONLY.has(name)) continue;
    const fault = await orFault(checkFiles(folder, { [name]: file }));
    if (fault === undefined) continue;
    if (name.endsWith(".safetensors")) throw new PrefineError("model", fault, "Use another checkpoint of the run.");
    if (name !== ADAPTER_CONFIG || !(await hasOwnAdapterConfig(folder, resume))) edited.push(fault);
  }
  return edited;
}

/** The message of a PrefineError instead of the error. */
async function orFault<T>(checked: Promise<T>): Promise<T | string> {
  try {
    return await checked;
  } catch (error) {
    if (error instanceof PrefineError) return error.message;
    throw error;
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
