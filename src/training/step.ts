/** @file One optimizer step: micro-batches, gradient, update, and its results for the log. */

import { listCheckpoints } from "../checkpoints/runDirectory.ts";
import type { PackedPair, PairLogps } from "../data/preferences/types.ts";
import type { MicroBatch, PairScores } from "../dpo/learner.ts";
import { paddedLength } from "../dpo/pairFeeds.ts";
import { batchMetrics } from "./evaluation/metrics.ts";
import { addStep, type MicroBatchResult } from "./evaluation/trainingLog.ts";
import { batchesOf, endsEpoch, epochAfter, type Position, positionAfter, rowsOf } from "./plan.ts";
import { enterStage, noteEnd } from "./progress.ts";
import { referenceFor } from "./reference/referenceLogps.ts";
import { checkTie } from "./reference/tieAtStart.ts";
import { checkSignal, NotFinite, nameRows, type Run, stepsPassed } from "./run.ts";

interface Outcome extends MicroBatchResult {
  pairs: PackedPair[];
}

/** Takes the next optimizer step. @throws Stopped between micro-batches; the step then does not count. */
export async function trainStep(run: Run): Promise<void> {
  const { plan, state } = run;
  const position = positionAfter(plan, stepsPassed(run));
  const microBatches = await microBatchesOf(run);
  const learningRate = run.schedule(state.global_step - run.loop.progress.freshSince);
  const outcomes: Outcome[] = [];
  // --- one optimizer step -------------------------------------------------
  for (const batch of microBatches) {
    checkSignal(run.signal);
    outcomes.push(await accumulate(run, batch, 1 / microBatches.length));
    if (outcomes.length < microBatches.length) await run.callbacks.call("on_substep_end", run);
  }
  checkSignal(run.signal);
  const gradNorm = await updateWeights(run, learningRate);
  // ------------------------------------------------------------------------
  const trainedOn = outcomes.flatMap(({ pairs }) => pairs);
  await refuseNonFinite("gradient norm", gradNorm, trainedOn, run);
  state.global_step += 1;
  state.epoch = epochAfter(plan, position);
  remember(run, outcomes, { gradNorm, learningRate });
}

async function updateWeights(run: Run, learningRate: number): Promise<number> {
  const { learner, args, callbacks } = run;
  await callbacks.call("on_pre_optimizer_step", run);
  const { gradNorm } = await learner.step({ learningRate, maxGradNorm: args.max_grad_norm });
  run.isUntouched = false;
  await callbacks.call("on_optimizer_step", run);
  return gradNorm;
}

/** A micro-batch before it is computed. */
type PlannedBatch = { pairs: PackedPair[] } & Pick<MicroBatch, "dropoutStep">;

async function microBatchesOf(run: Run): Promise<PlannedBatch[]> {
  const { plan, order, train } = run;
  const position = positionAfter(plan, stepsPassed(run));
  const rowsAt = ({ epoch, step }: Position) =>
    batchesOf(plan, { epoch, step }).map((batch) => rowsOf(plan, batch, order(epoch)));
  const batches = batchesOf(plan, position).map(async (batch) => ({
    pairs: await train.pairs.pairs(rowsOf(plan, batch, order(position.epoch)), position.epoch),
    dropoutStep: position.epoch * plan.batchesPerEpoch + batch,
  }));
  const ready = (await Promise.all(batches)).filter(({ pairs }) => pairs.length > 0); // a stream may have ended
  noteEnd(run, train.pairs.hasMore !== undefined && !(await train.pairs.hasMore()));
  if (!endsEpoch(plan, position)) train.pairs.expect?.(rowsAt({ ...position, step: position.step + 1 }).flat());
  return ready;
}

async function accumulate(run: Run, { pairs, dropoutStep }: PlannedBatch, scale: number): Promise<Outcome> {
  const reference = await referenceFor(run.learner, run.train, pairs);
  const { loss, scores } = await run.learner.accumulate(pairs, reference, { scale, dropoutStep });
  const culprits = pairs.filter((_, i) => !isFinitePair(scores[i], reference?.[i]));
  await refuseNonFinite("loss", loss, culprits.length > 0 ? culprits : pairs, run);
  if (reference) await checkTie(run, pairs, { scores, reference });
  const metrics = batchMetrics(scores, reference, {
    beta: run.args.beta,
    rewards: run.learner.rewards,
    totalTrainTokens: 0,
  });
  return { loss, metrics, tokens: pairs.reduce((sum, pair) => sum + tokensOf(pair), 0), pairs };
}

/** Tokens of prompt + chosen and of prompt + rejected: TRL counts the prompt twice. */
function tokensOf(pair: PackedPair): number {
  return 2 * pair.sharedLength + pair.chosenLength + pair.rejectedLength;
}

/** Records the step in the log and total_flos, and reports it to the observer. */
function remember(
  run: Run,
  outcomes: Outcome[],
  { gradNorm, learningRate }: { gradNorm: number; learningRate: number },
) {
  const { loop, state } = run;
  const loss = addStep(loop.log, outcomes, { gradNorm, learningRate });
  for (const { pairs } of outcomes) state.total_flos += 6 * 2 * pairs.length * paddedLength(pairs) * run.parameters;
  enterStage(run, "stepTaken");
  run.observer.step({
    step: state.global_step,
    epoch: state.epoch,
    loss,
    margin: outcomes.reduce((sum, { metrics }) => sum + metrics["rewards/margins"], 0) / outcomes.length,
    tokens: outcomes.flatMap(({ pairs }) => pairs).reduce((sum, pair) => sum + pair.tokens.length, 0),
  });
}

function isFinitePair({ logps }: PairScores, reference: PairLogps | undefined): boolean {
  return [logps, reference ?? logps].every(
    ({ chosen, rejected }) => Number.isFinite(chosen) && Number.isFinite(rejected),
  );
}

/** A loss or gradient that is not finite would ruin the weights: the run stops at that step. */
async function refuseNonFinite(what: string, value: number, pairs: PackedPair[], run: Run): Promise<void> {
  if (Number.isFinite(value)) return;
  const step = `step ${run.state.global_step + 1}: expected a finite ${what}, found ${value}`;
  const message = `${step}; ${nameRows(run.train.pairs, pairs)}`;
  const weight = await run.learner.findNonFinite?.();
  if (weight !== undefined) {
    const hint = "The model's file is damaged, or the training that wrote it diverged: use another one.";
    throw new NotFinite(`${message}; ${weight}`, hint);
  }
  const hint = "Look at these rows, or try a smaller learning_rate, more warmup_steps or a smaller max_grad_norm.";
  const isSaved = run.ownsOutput && (await listCheckpoints(run.output)).length > 0;
  throw new NotFinite(message, isSaved ? `${hint} Checkpoints of earlier steps are intact.` : hint);
}
