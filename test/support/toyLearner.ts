/**
 * @file A Learner small enough to check by hand: a bigram model with an adapter,
 * logits(next | t) = base[t] + (B A)[., t], trained with the sigmoid DPO loss. Gradients are derived by hand; the
 * optimizer is prefine's.
 */
import type { PackedPair, PairLogps } from "../../src/data/preferences/types.ts";
import type { BatchResult, Learner, PairScores, Role } from "../../src/dpo/learner.ts";
import type { LearnerState } from "../../src/learner/learnerState.ts";
import { adamwStep } from "../../src/optim/adamw.ts";
import { clipGradNorm } from "../../src/optim/clipGradNorm.ts";
import { Mt19937 } from "../../src/random.ts";

export const VOCABULARY = 11;
const RANK = 2;
const NAMES = ["lora_A", "lora_B"].map((side) => `base_model.model.toy.proj.${side}.weight`);

export interface ToyOptions {
  beta?: number;
  weightDecay?: number;
  /** Dropout rate of rows of A, with a mask that depends on the micro-batch. */
  dropout?: number;
  /** Called before every micro-batch; may throw, or abort a signal. */
  onMicroBatch?: (rows: number[], call: number) => void;
  /** Called before every scoring; `role`: the model that scores. */
  onScore?: (row: number, role: "policy" | "reference") => void;
  /** Factor on the loss of a row, to break it. */
  lossFactor?: (row: number) => number;
}

interface Tensors {
  a: Float32Array; // [RANK, V]
  b: Float32Array; // [V, RANK]
}

export class ToyLearner implements Learner {
  readonly trainable = [
    { name: NAMES[0], shape: [RANK, VOCABULARY] },
    { name: NAMES[1], shape: [VOCABULARY, RANK] },
  ];
  readonly frozen = [];
  readonly optimizerState = ["exp_avg", "exp_avg_sq"].flatMap((key) =>
    this.trainable.map(({ name, shape }) => ({ name: `${key}.${name}`, shape, dtype: "float32" as const })),
  );
  readonly rewards = "logratios";
  disposed = false;
  calls = 0;
  private readonly options: ToyOptions;
  private readonly base: Float32Array; // [V, V], row t: logits after token t
  private readonly weights: Tensors;
  private readonly grads: Tensors = zeros();
  private readonly expAvg: Tensors = zeros();
  private readonly expAvgSq: Tensors = zeros();
  private readonly reference: Tensors;
  optimizerStep = 0;

  constructor(options: ToyOptions = {}) {
    const random = new Mt19937(5);
    this.options = options;
    this.base = random.normal(new Float32Array(VOCABULARY * VOCABULARY));
    this.weights = { ...zeros(), a: random.normal(new Float32Array(RANK * VOCABULARY)) };
    this.reference = { a: this.weights.a.slice(), b: this.weights.b.slice() };
  }

  async score(pair: PackedPair): Promise<PairScores> {
    this.options.onScore?.(pair.index, "policy");
    return this.scoreWith(pair, this.weights);
  }

  async referenceLogps(pair: PackedPair): Promise<PairLogps> {
    this.options.onScore?.(pair.index, "reference");
    return this.scoreWith(pair, this.reference).logps;
  }

  async lossOf(scores: PairScores[], reference: PairLogps[] | null): Promise<number> {
    const losses = scores.map((score, i) => Math.log1p(Math.exp(-this.margin(score, reference![i]))));
    return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  }

  async accumulate(
    batch: PackedPair[],
    reference: PairLogps[] | null,
    { scale, dropoutStep }: { scale: number; dropoutStep: number },
  ): Promise<BatchResult> {
    this.options.onMicroBatch?.(
      batch.map(({ index }) => index),
      this.calls++,
    );
    const weights = this.droppedOut(dropoutStep);
    const scores = batch.map((pair) => this.scoreWith(pair, weights));
    for (const [i, pair] of batch.entries()) {
      const slope = -(this.options.beta ?? 0.1) / (1 + Math.exp(this.margin(scores[i], reference![i])));
      this.addGradient(pair, weights, (slope * scale) / batch.length);
    }
    const factor = Math.max(...batch.map(({ index }) => this.options.lossFactor?.(index) ?? 1));
    return { loss: factor * (await this.lossOf(scores, reference)), scores };
  }

  async step({
    learningRate,
    maxGradNorm,
  }: {
    learningRate: number;
    maxGradNorm: number;
  }): Promise<{ gradNorm: number }> {
    const gradNorm = clipGradNorm([this.grads.a, this.grads.b], maxGradNorm);
    if (!Number.isFinite(gradNorm)) return { gradNorm };
    this.optimizerStep++;
    const tensors = (["a", "b"] as const).map((side) => ({
      param: this.weights[side],
      grad: this.grads[side],
      expAvg: this.expAvg[side],
      expAvgSq: this.expAvgSq[side],
      weightDecay: this.options.weightDecay ?? 0,
    }));
    adamwStep(tensors, { step: this.optimizerStep, learningRate, beta1: 0.9, beta2: 0.999, eps: 1e-8 });
    this.clearGradients();
    return { gradNorm };
  }

  async readTensor(name: string, role: Role = "policy"): Promise<Float32Array> {
    const [, key, own] = /^(?:(exp_avg|exp_avg_sq)\.)?(base_model\..+)$/.exec(name)!;
    const weights = role === "policy" ? this.weights : this.reference;
    const tensors = key === "exp_avg" ? this.expAvg : key === "exp_avg_sq" ? this.expAvgSq : weights;
    return tensors[own === NAMES[0] ? "a" : "b"].slice();
  }

  async writeState({ weights, optimizer, optimizerStep }: LearnerState): Promise<void> {
    for (const [i, side] of (["a", "b"] as const).entries()) {
      const values = weights.get(NAMES[i])?.data;
      if (values) this.weights[side].set(values);
      const [first, second] = ["exp_avg", "exp_avg_sq"].map((key) => optimizer.get(`${key}.${NAMES[i]}`)?.data);
      if (first) this.expAvg[side].set(first as Float32Array);
      if (second) this.expAvgSq[side].set(second as Float32Array);
    }
    this.optimizerStep = optimizerStep;
    this.clearGradients();
  }

  async mixReference(alpha: number): Promise<void> {
    for (const side of ["a", "b"] as const) {
      const [target, source] = [this.reference[side], this.weights[side]];
      for (let i = 0; i < target.length; i++) target[i] = (1 - alpha) * target[i] + alpha * source[i];
    }
  }

  async writeReference(name: string, { data }: { data: Float32Array }): Promise<void> {
    this.reference[name === NAMES[0] ? "a" : "b"].set(data);
  }

  async dispose(): Promise<void> {
    this.disposed = true;
  }

  private clearGradients(): void {
    this.grads.a.fill(0);
    this.grads.b.fill(0);
  }

  private margin({ logps }: PairScores, reference: PairLogps): number {
    return (this.options.beta ?? 0.1) * (logps.chosen - reference.chosen - (logps.rejected - reference.rejected));
  }

  private droppedOut(dropoutStep: number): Tensors {
    const rate = this.options.dropout ?? 0;
    if (rate === 0) return this.weights;
    const random = new Mt19937(dropoutStep);
    return { ...this.weights, a: this.weights.a.map((value) => (random.random() < rate ? 0 : value / (1 - rate))) };
  }

  /** Logits and probabilities of the token after `token`. */
  private predict(token: number, { a, b }: Tensors): { logits: number[]; probabilities: number[] } {
    const logits = Array.from({ length: VOCABULARY }, (_, next) => {
      let logit = this.base[token * VOCABULARY + next];
      for (let k = 0; k < RANK; k++) logit += b[next * RANK + k] * a[k * VOCABULARY + token];
      return logit;
    });
    const exps = logits.map(Math.exp);
    const total = exps.reduce((sum, value) => sum + value, 0);
    return { logits, probabilities: exps.map((value) => value / total) };
  }

  private scoreWith(pair: PackedPair, weights: Tensors): PairScores {
    const rejectedTargets = pair.labels.length - pair.chosenTargets;
    const scores: PairScores = {
      logps: { chosen: 0, rejected: 0 },
      plainChosenLogps: 0,
      weight: 1,
      entropySum: 0,
      logitsSum: { chosen: 0, rejected: 0 },
      chosenCorrect: 0,
      tokens: { chosen: pair.chosenTargets, rejected: rejectedTargets },
      completionLengths: pair.completionLengths,
    };
    for (const [n, label] of pair.labels.entries()) {
      const side = n < pair.chosenTargets ? "chosen" : "rejected";
      const { logits, probabilities } = this.predict(pair.tokens[pair.predictFrom[n]], weights);
      scores.logps[side] += Math.log(probabilities[label]);
      scores.entropySum -= probabilities.reduce((sum, p) => sum + p * Math.log(p), 0);
      scores.logitsSum[side] += logits.reduce((sum, logit) => sum + logit, 0) / VOCABULARY;
      if (side === "chosen" && probabilities[label] === Math.max(...probabilities)) scores.chosenCorrect++;
    }
    scores.plainChosenLogps = scores.logps.chosen;
    return scores;
  }

  /** Adds slope * d(chosen - rejected log-probability) / d(A, B); dropout counts as part of A here. */
  private addGradient(pair: PackedPair, weights: Tensors, slope: number): void {
    const { a, b } = weights;
    for (const [n, label] of pair.labels.entries()) {
      const token = pair.tokens[pair.predictFrom[n]];
      const sign = n < pair.chosenTargets ? slope : -slope;
      const { probabilities } = this.predict(token, weights);
      for (let next = 0; next < VOCABULARY; next++) {
        const dLogit = sign * ((next === label ? 1 : 0) - probabilities[next]);
        for (let k = 0; k < RANK; k++) {
          this.grads.a[k * VOCABULARY + token] += dLogit * b[next * RANK + k];
          this.grads.b[next * RANK + k] += dLogit * a[k * VOCABULARY + token];
        }
      }
    }
  }
}

function zeros(): Tensors {
  return { a: new Float32Array(RANK * VOCABULARY), b: new Float32Array(VOCABULARY * RANK) };
}
