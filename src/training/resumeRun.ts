/** @file Resumes a run from a checkpoint. */
import { checkpointFault, readCheckpoint, type SavedCheckpoint } from "../checkpoints/checkpoint.ts";
import { listCheckpoints } from "../checkpoints/runDirectory.ts";
import { dtypeOf, type SavedTensor } from "../checkpoints/tensors.ts";
import type { RunFolder } from "../disk/storage.ts";
import { PrefineError } from "../errors.ts";
import { counted } from "../phrases.ts";
import { setFlags } from "./callbacks/control.ts";
import { changedSettings, checkWeights } from "./changes.ts";
import { continueRate, restartRate } from "./evaluation/adaptiveRate.ts";
import { restoreMargins } from "./evaluation/logEntries.ts";
import { writeLearner, writeReference } from "./learnerState.ts";
import { assignLoopState, readLoopState } from "./loopState.ts";
import { beginOptimizer } from "./progress.ts";
import { nameRows, type Run, splitsOf } from "./run.ts";
import { isSameSoFar } from "./trainedPairs.ts";

/**
 * Restores a run from a checkpoint: weights, optimizer, log, and pending work. Without an optimizer (save_only_model)
 * as transformers does: optimizer and learning rate schedule begin anew, all else continues.
 * @param replace deletes another run in output_dir, once the checkpoint is known to fit.
 * @throws PrefineError when the checkpoint is damaged or of another run.
 */
export async function resumeRun(run: Run, folder: RunFolder, replace: () => Promise<void>): Promise<void> {
  const { path } = folder;
  const checkpoint = await readCheckpoint(folder, run.savedAs.kind);
  const loop = readLoopState(checkpoint.loop, path);
  const hasOtherRows = await isSameSoFar(run, checkpoint.fingerprint, { step: checkpoint.state.global_step, loop });
  const data = {
    ...checkpoint.fingerprint.data,
    ...(hasOtherRows && { train_dataset: run.fingerprint.data.train_dataset }),
  };
  const changed = await changedSettings(run, { ...checkpoint.fingerprint, data }, folder);
  await checkWeights(checkpoint.fingerprint, run, path);
  checkTensors(run, checkpoint, path);
  if (changed.length > 0) run.observer.warn(`${path}: resuming with other settings: ${changed.join("; ")}`);
  if (hasOtherRows) run.observer.warn(otherRows(run, checkpoint, path));
  warnOfRanks(run, checkpoint.fingerprint.ranks ?? 1, path);
  run.isUntouched = false;
  // max_steps and the steps between events may have changed: the current ones are used.
  const { epoch, global_step, log_history, total_flos } = checkpoint.state;
  Object.assign(run.state, { epoch, global_step, log_history, total_flos });
  assignLoopState(run.loop, loop);
  const isSameOrder = (checkpoint.fingerprint.ranks ?? 1) === run.plan.ranks && !run.args.ignore_data_skip;
  if (isSameOrder) run.train.pairs.resumeAfter?.(loop.progress.givenHash);
  await restoreLearner(run, checkpoint, path);
  await restoreBest(run, checkpoint);
  restoreCallbacks(run, checkpoint, path);
  await restoreReferenceLogps(run, checkpoint, { hasOtherRows });
  await checkReferenceLogps(run, path);
  await replace();
  await restoreMargins(run, folder.above());
}

/** The line about rows that were edited since. */
function otherRows({ fingerprint, train }: Run, { fingerprint: saved, state }: SavedCheckpoint, path: string): string {
  const [before, now] = [saved, fingerprint].map(({ data }) => `"${data.train_dataset}"`);
  const split = train.pairs.origin?.split ?? "train_dataset";
  const same = `the pairs of the ${counted(state.global_step, "step")} so far are the same, and the run goes on`;
  return `${path}: ${split} has changed (${before} -> ${now}); ${same} with the rows as they are now`;
}

/** Another number of ranks shares the rows otherwise: the run continues from its step, but not with the same rows. */
function warnOfRanks({ plan, observer }: Run, before: number, path: string): void {
  if (before === plan.ranks) return;
  const saved = `${path}: was saved by ${counted(before, "process", "processes")}`;
  observer.warn(`${saved}, and ${plan.ranks} train now: the order of the rows changes`);
}

async function restoreLearner(run: Run, checkpoint: SavedCheckpoint, path: string): Promise<void> {
  const { weights, optimizer, optimizerStep } = checkpoint;
  await writeLearner(run.learner, { weights, optimizer, optimizerStep: optimizer ? optimizerStep : 0 });
  if (optimizer) return continueRate(run);
  beginOptimizer(run);
  restartRate(run);
  const reference = run.args.sync_ref_model ? ", and so does the reference, which sync_ref_model had moved" : "";
  run.observer.warn(
    `${path}: was saved with save_only_model, without the optimizer: the run continues from its weights and log; the ` +
      `optimizer and the learning rate schedule begin anew, as in transformers${reference}`,
  );
}

/** Checks that every trained tensor and optimizer tensor is there, with this run's shape and type. */
function checkTensors({ learner }: Run, { weights, optimizer }: SavedCheckpoint, path: string): void {
  for (const tensor of learner.trainable) checkTensor(weights.get(tensor.name), { ...tensor, path });
  if (!optimizer) return;
  for (const tensor of learner.optimizerState) checkTensor(optimizer.get(tensor.name), { ...tensor, path });
}

function checkTensor(
  saved: SavedTensor | undefined,
  { name, shape, dtype, path }: { name: string; shape: readonly number[]; dtype?: string; path: string },
): void {
  const type = dtype === "uint8" ? "U8" : "F32";
  if (saved && saved.shape.join() === shape.join() && dtypeOf(saved) === type) return;
  const actual = saved ? `found [${saved.shape.join(", ")}] of ${dtypeOf(saved)}` : "found none";
  const message = `${path}: expected a tensor "${name}" of shape [${shape.join(", ")}] of ${type}, ${actual}`;
  throw new PrefineError("model", message, "Resume from another checkpoint.");
}

/** Restores the best evaluation so far; if its checkpoint was deleted or damaged, it can't be loaded at the end. */
async function restoreBest({ state, observer, platform }: Run, { state: saved }: SavedCheckpoint): Promise<void> {
  const { best_metric, best_global_step, best_model_checkpoint: best } = saved;
  Object.assign(state, { best_metric, best_global_step, best_model_checkpoint: best });
  if (best === null) return;
  const folder = platform.storage.folder(best);
  const isThere = await folder.exists();
  const fault = isThere ? await checkpointFault(folder) : "";
  if (fault === undefined) return;
  const reason = isThere ? `can't be used: ${fault}` : "is gone";
  observer.warn(`${best}: the best checkpoint so far ${reason}; the run continues without it`);
  state.best_model_checkpoint = null;
}

/**
 * Restores the callbacks' states. A run ended by a callback stays ended, unless there are no callbacks now; one that
 * had reached its last step may continue to a later one.
 */
function restoreCallbacks(run: Run, { state }: SavedCheckpoint, path: string): void {
  const { args, loop, callbacks, observer, plan } = run;
  const withArgs = args.restore_callback_states_from_checkpoint;
  const missing = callbacks.restore(state.stateful_callbacks, { withArgs });
  if (missing.length > 0) observer.warn(`${path}: was saved with callbacks that this run lacks: ${missing.join(", ")}`);
  const wasAtEnd = state.global_step >= state.max_steps;
  if (wasAtEnd) setFlags(loop.control, { should_training_stop: state.global_step >= plan.maxSteps });
  else if (callbacks.length === 0) setFlags(loop.control, { should_training_stop: false });
  else if (loop.control.should_training_stop) {
    observer.info(`${path}: a callback had ended the run there; to continue from it, train without callbacks`);
  }
}

/** @param options.hasOtherRows those of train_dataset are computed again: each is stored by its pair's number. */
async function restoreReferenceLogps(
  run: Run,
  { referenceLogps, referenceWeights }: SavedCheckpoint,
  { hasOtherRows }: { hasOtherRows: boolean },
): Promise<void> {
  if (referenceWeights) await writeReference(run.learner, referenceWeights);
  for (const [name, split] of splitsOf(run)) {
    if (hasOtherRows && split === run.train) continue;
    const { values } = split.referenceLogps;
    const saved = referenceLogps.get(name);
    if (saved && saved.length === values.length) values.set(saved);
  }
}

/**
 * Detects another base model of the same shape by its log-probabilities; another machine gives nearly the same ones.
 * Cost: one forward pass.
 */
async function checkReferenceLogps({ train, learner }: Run, path: string): Promise<void> {
  const row = train.referenceLogps.values.findIndex((value) => !Number.isNaN(value)) >> 1;
  if (row < 0) return;
  const saved = train.referenceLogps.values[2 * row];
  const [pair] = await train.pairs.pairs([row]);
  const { chosen } = await learner.referenceLogps(pair);
  if (Math.abs(chosen - saved) <= 1e-2 + 1e-3 * Math.abs(saved)) return;
  throw new PrefineError(
    "config",
    `${path}: the reference model gives ${nameRows(train.pairs, [pair])} the log-probability ${chosen}, ` +
      `it was ${saved} in that run`,
    "Resume with the base model (and the starting adapter) of that run.",
  );
}

/** Checkpoints after the one that a path named: the run replaces them only when it comes to their steps. */
export async function warnOfNewer({ output, state, observer }: Run, path: string): Promise<void> {
  const checkpoints = await listCheckpoints(output);
  const newer = checkpoints.filter(({ step }) => step > state.global_step).map(({ folder }) => folder.name);
  if (newer.length === 0 || !checkpoints.some(({ folder }) => folder.path === path)) return;
  observer.warn(`${output.path}: later checkpoints stay until the run saves their steps again: ${newer.join(", ")}`);
}
