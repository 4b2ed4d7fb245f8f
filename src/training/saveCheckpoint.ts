/** @file Writes a run's checkpoints. */
import { type Checkpoint, writeCheckpoint } from "../checkpoints/checkpoint.ts";
import { checkpointName } from "../checkpoints/checkpointNames.ts";
import type { Fingerprint } from "../checkpoints/fingerprint.ts";
import { checkOwned } from "../checkpoints/ownership.ts";
import { rotateCheckpoints } from "../checkpoints/runDirectory.ts";
import { PrefineError } from "../errors.ts";
import { setFlags } from "./callbacks/control.ts";
import { rememberBestCheckpoint } from "./evaluation/bestModel.ts";
import { optimizerOf, referenceOf, weightsOf } from "./learnerState.ts";
import { type Run, splitsOf } from "./run.ts";

/** Saves a checkpoint if a strategy, a callback or a best evaluation has requested it. */
export async function saveIfDue(run: Run): Promise<void> {
  const { control } = run.loop;
  if (!control.should_save) return;
  setFlags(control, { should_save: false }); // a resumed run need not save again
  const checkpoint = await saveCheckpoint(run, { onlyModel: run.args.save_only_model });
  await run.callbacks.call("on_save", run, { checkpoint });
}

/**
 * Writes checkpoint-N, and deletes checkpoints beyond save_total_limit.
 * @param options.onlyModel without the optimizer and everything else that resuming needs.
 * @returns the path of checkpoint-N.
 */
export async function saveCheckpoint(run: Run, { onlyModel }: { onlyModel: boolean }): Promise<string> {
  const { args, learner, state, loop, fingerprint, savedAs, output, platform } = run;
  const folder = output.folder(checkpointName(state.global_step));
  await checkOwned(output, run.lock);
  await rememberBestCheckpoint(run);
  const checkpoint: Checkpoint = {
    weights: weightsOf(learner),
    optimizer: optimizerOf(learner),
    optimizerStep: learner.optimizerStep,
    state: { ...state, stateful_callbacks: statefulCallbacks(run, { should_save: true }) },
    loop,
    fingerprint: { ...fingerprint, weights: await startWeightsOf(run) },
    referenceLogps: new Map(splitsOf(run).map(([name, { referenceLogps }]) => [name, referenceLogps.values])),
    referenceWeights: args.sync_ref_model ? referenceOf(learner) : undefined,
  };
  await writeCheckpoint(folder, checkpoint, { model: savedAs, extra: run.files, onlyModel });
  const best = state.best_model_checkpoint;
  const keep = best === null ? [folder.name] : [folder.name, platform.storage.folder(best).name];
  await rotateCheckpoints(output, args.save_total_limit, { keep, onKept: (line) => run.observer.warn(line) });
  return folder.path;
}

/** For the fingerprint. If the base model's files are gone by now, the checkpoint is saved without. */
async function startWeightsOf({ weights, observer }: Run): Promise<Fingerprint["weights"]> {
  try {
    return await weights?.();
  } catch (error) {
    if (!(error instanceof PrefineError)) throw error;
    observer.warn(`${error.message}; this checkpoint can't tell on which weights it may be resumed`);
    return undefined;
  }
}

/** States of callbacks, and the flags of transformers' TrainerControl at the time of saving. */
export function statefulCallbacks(
  { loop, callbacks }: Run,
  { should_save }: { should_save: boolean },
): Record<string, unknown> {
  return { ...callbacks.states(), TrainerControl: { args: { ...loop.control, should_save }, attributes: {} } };
}
