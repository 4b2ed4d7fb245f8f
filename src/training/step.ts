/** @file One optimizer step: micro-batches, gradient, update, and its results for the log. */

import { listCheckpoints } from "../checkpoints/runDirectory.ts";
import type { PackedPair, PairLogps } from "../data/preferences/types.ts";
import type { MicroBatch, PairScores } from "../dpo/learner.ts";
import type { DeviceRanks } from "../engine/runtime/device.ts";
import { PrefineError } from "../errors.ts";
import { metricsOfRanks } from "./evaluation/metrics.ts";
import { addStep, type MicroBatchResult } from "./evaluation/trainingLog.ts";
import { batchesOf, endsEpoch, epochAfter, type Position, positionAfter, rowsOf } from "./plan.ts";
import { enterStage, notePairs } from "./progress.ts";
import { type BatchedPair, countedRanks, gatherBatches, type RankBatch } from "./rankBatches.ts";
import { referenceFor } from "./reference/referenceLogps.ts";
import { checkTie } from "./reference/tieAtStart.ts";
import { checkSignal, NotFinite, nameRows, ownSignal, type Run, rankOf, stepsPassed } from "./run.ts";
import { hashAfter } from "./trainedPairs.ts";

interface Outcome extends MicroBatchResult {
  /** Of all ranks. */
  batches: RankBatch[];
}

/** Takes the next optimizer step. @throws Stopped between micro-batches; the step then does not count. */
export async function trainStep(run: Run): Promise<void> {
  const { plan, state } = run;
  const position = positionAfter(plan, stepsPassed(run));
  const { microBatches, ...stream } = await microBatchesOf(run);
  const learningRate = run.schedule(state.global_step - run.loop.progress.freshSince);
  const isLast = endsEpoch(plan, position);
  const outcomes: Outcome[] = [];
  // --- one optimizer step -------------------------------------------------
  for (const batch of microBatches) {
    checkSignal(ownSignal(run));
    outcomes.push(await accumulate(run, batch, { scale: 1 / microBatches.length, isLast }));
    if (outcomes.length < microBatches.length) await run.callbacks.call("on_substep_end", run);
  }
  checkSignal(ownSignal(run));
  const gradNorm = await updateWeights(run, learningRate);
  // ------------------------------------------------------------------------
  await refuseNonFinite("gradient norm", gradNorm, nameRows(run.train.pairs, outcomes.flatMap(pairsOf)), run);
  state.global_step += 1;
  run.isUpdating = false;
  state.epoch = epochAfter(plan, position);
  notePairs(run, { hasEnded: stream.hasEnded, givenHash: stream.givenHash });
  remember(run, outcomes, { gradNorm, learningRate });
}

async function updateWeights(run: Run, learningRate: number): Promise<number> {
  const { learner, args, callbacks, ranks } = run;
  await callbacks.call("on_pre_optimizer_step", run);
  run.isUpdating = true;
  const { gradNorm } = await learner.step({ learningRate, maxGradNorm: args.max_grad_norm });
  run.isUntouched = false;
  if (ranks) await refuseOtherNorms(ranks, gradNorm, run);
  await callbacks.call("on_optimizer_step", run);
  return gradNorm;
}

/** All ranks update the same weights by the same gradient: where the norms differ, so do the weights by now. */
async function refuseOtherNorms(ranks: DeviceRanks, gradNorm: number, { state }: Run): Promise<void> {
  const norms = await ranks.gather(Float64Array.of(gradNorm));
  const other = norms.findIndex((norm) => !Object.is(norm, norms[0]));
  if (other < 0) return;
  const found = `${norms[0]} on rank 0 and ${norms[other]} on rank ${other}`;
  const message = `step ${state.global_step + 1}: expected the same gradient norm on all ranks, found ${found}`;
  const hint = "Do all machines have the same prefine and Node? Checkpoints of earlier steps are intact.";
  throw new PrefineError("training", message, hint);
}

/** A micro-batch before it is computed. */
type PlannedBatch = { pairs: PackedPair[] } & Pick<MicroBatch, "dropoutStep">;

/** The micro-batches of the next step; of a stream whether its rows end with them, and which they were. */
async function microBatchesOf(run: Run) {
  const { plan, order, train } = run;
  const position = positionAfter(plan, stepsPassed(run));
  const rank = rankOf(run);
  const rowsAt = ({ epoch, step }: Position) =>
    batchesOf(plan, { epoch, step }).map((batch) => rowsOf(plan, batch, order(epoch), rank));
  const batches = batchesOf(plan, position).map(async (batch) => ({
    pairs: await train.pairs.pairs(rowsOf(plan, batch, order(position.epoch), rank), position.epoch),
    dropoutStep: (position.epoch * plan.batchesPerEpoch + batch) * plan.ranks + rank,
  }));
  const ended = await Promise.allSettled(batches); // ranks read in turns: none may be left when one of them fails
  const failed = ended.find((end) => end.status === "rejected");
  if (failed) throw failed.reason;
  const ready = (await Promise.all(batches)).filter(({ pairs }) => pairs.length > 0); // a stream may have ended
  const hasEnded = train.pairs.hasMore !== undefined && !(await train.pairs.hasMore());
  if (!endsEpoch(plan, position)) train.pairs.expect?.(rowsAt({ ...position, step: position.step + 1 }).flat());
  const given = ready.flatMap(({ pairs }) => pairs);
  const givenHash = train.pairs.givenHash ?? hashAfter(run, position.epoch, given); // of ranks, known with hasMore
  return { microBatches: ready, hasEnded, givenHash };
}

/** @param options.isLast whether it is a micro-batch of the epoch's last step, for which accelerate has read ahead. */
async function accumulate(
  run: Run,
  { pairs, dropoutStep }: PlannedBatch,
  { scale, isLast }: { scale: number; isLast: boolean },
): Promise<Outcome> {
  const { learner, train, plan, args } = run;
  const reference = await referenceFor(learner, train, pairs);
  const { loss, scores } = await learner.accumulate(pairs, reference, { scale, dropoutStep });
  const gathering = { ...run, ...train, source: train.pairs };
  const batches = await gatherBatches({ pairs, scores, reference, loss }, gathering);
  for (const [rank, batch] of batches.entries()) {
    await refuseNonFinite("loss", batch.loss, nameRows(train.pairs, culprits(batch), rank), run);
  }
  if (reference) await checkTie(run, pairs, { scores, reference });
  const counted = countedRanks(plan, { isLast, dropLast: args.dataloader_drop_last });
  const metrics = metricsOfRanks(batches, counted, { beta: args.beta, rewards: learner.rewards, totalTrainTokens: 0 });
  const tokens = batches.slice(0, counted).flatMap(({ pairs }) => pairs);
  return { loss: meanLoss(batches), metrics, tokens: tokens.reduce((sum, pair) => sum + pair.trlTokens, 0), batches };
}

const pairsOf = ({ batches }: Outcome) => batches.flatMap(({ pairs }) => pairs);

/** The mean of the ranks' own losses. */
function meanLoss(batches: readonly RankBatch[]): number {
  return batches.reduce((sum, { loss }) => sum + loss, 0) / batches.length;
}

/** The pairs that made a loss not finite, or all of the batch. */
function culprits({ pairs, scores, reference }: RankBatch): readonly BatchedPair[] {
  const own = pairs.filter((_, i) => !isFinitePair(scores[i], reference?.[i]));
  return own.length > 0 ? own : pairs;
}

/** Records the step in the log and total_flos, and reports it to the observer. */
function remember(
  run: Run,
  outcomes: Outcome[],
  { gradNorm, learningRate }: { gradNorm: number; learningRate: number },
) {
  const { loop, state } = run;
  const loss = addStep(loop.log, outcomes, { gradNorm, learningRate });
  for (const { pairs, paddedLength } of outcomes.flatMap(({ batches }) => batches))
    state.total_flos += 6 * 2 * pairs.length * paddedLength * run.parameters;
  enterStage(run, "stepTaken");
  run.observer.step({
    step: state.global_step,
    epoch: state.epoch,
    loss,
    margin: outcomes.reduce((sum, { metrics }) => sum + metrics["rewards/margins"], 0) / outcomes.length,
    tokens: outcomes.flatMap(pairsOf).reduce((sum, pair) => sum + pair.packedTokens, 0),
  });
}

function isFinitePair({ logps }: PairScores, reference: PairLogps | undefined): boolean {
  return [logps, reference ?? logps].every(
    ({ chosen, rejected }) => Number.isFinite(chosen) && Number.isFinite(rejected),
  );
}

/** A loss or gradient that is not finite would ruin the weights: the run stops at that step. */
async function refuseNonFinite(what: string, value: number, rows: string, run: Run): Promise<void> {
  if (Number.isFinite(value)) return;
  const step = `step ${run.state.global_step + 1}: expected a finite ${what}, found ${value}`;
  const message = `${step}; ${rows}`;
  const weight = await run.learner.findNonFinite?.();
  if (weight !== undefined) {
    const hint = "The model's file is damaged, or the training that wrote it diverged: use another one.";
    throw new NotFinite(`${message}; ${weight}`, hint);
  }
  const hint = "Look at these rows, or try a smaller learning_rate, more warmup_steps or a smaller max_grad_norm.";
  const isSaved = run.ownsOutput && (await listCheckpoints(run.output)).length > 0;
  throw new NotFinite(message, isSaved ? `${hint} Checkpoints of earlier steps are intact.` : hint);
}
