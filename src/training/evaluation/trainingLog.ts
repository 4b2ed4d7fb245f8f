/** @file Losses and metrics of the training steps since the last log entry: the only writer of `loop.log`. */
import type { TrainingLog } from "../loopState.ts";
import { addMetrics, meanMetrics } from "./metrics.ts";

/** Result of a micro-batch; counted only when the whole step is done. */
export interface MicroBatchResult {
  /** Unscaled mean over the pairs. */
  loss: number;
  metrics: Record<string, number>;
  /** Tokens of all its sequences. */
  tokens: number;
}

/**
 * Counts a step. Sums in float32, in the order of transformers' `tr_loss`.
 * @returns the step's own loss.
 */
export function addStep(
  log: TrainingLog,
  results: readonly MicroBatchResult[],
  { gradNorm, learningRate }: { gradNorm: number; learningRate: number },
): number {
  let stepLoss = 0;
  for (const { loss, metrics, tokens } of results) {
    const scaled = Math.fround(Math.fround(loss) / results.length);
    log.pendingLoss = Math.fround(log.pendingLoss + scaled);
    log.totalTrainTokens += tokens;
    addMetrics(log.pendingMetrics, { ...metrics, num_tokens: log.totalTrainTokens });
    stepLoss += scaled;
  }
  log.lastGradNorm = gradNorm;
  log.lastLearningRate = learningRate;
  log.evaluatedLast = false;
  return stepLoss;
}

/** Notes that the model's last work was an evaluation. */
export function noteEvaluation(log: TrainingLog): void {
  log.evaluatedLast = true;
}

/**
 * Mean loss and mean metrics since the last entry; starts a new window. Right after an evaluation the entry has no
 * metrics, as in TRL, and those of training go into the next entry.
 */
export function takeWindow(log: TrainingLog, globalStep: number): Record<string, number> {
  const values = {
    loss: log.pendingLoss / (globalStep - log.lastLoggedStep),
    grad_norm: log.lastGradNorm,
    learning_rate: log.lastLearningRate,
    ...pendingMeans(log),
  };
  log.loggedLoss += log.pendingLoss;
  log.pendingLoss = 0;
  if (!log.evaluatedLast) log.pendingMetrics = {};
  log.lastLoggedStep = globalStep;
  return values;
}

/** The mean loss over all steps of the run, and the metrics since the last entry. */
export function summaryOf(log: Readonly<TrainingLog>, globalStep: number): Record<string, number> {
  return { train_loss: (log.loggedLoss + log.pendingLoss) / Math.max(globalStep, 1), ...pendingMeans(log) };
}

function pendingMeans({ evaluatedLast, pendingMetrics }: Readonly<TrainingLog>): Record<string, number> {
  return evaluatedLast ? {} : meanMetrics(pendingMetrics);
}
