/**
 * @file The graphs of one pair: scores (reference, evaluation) and the training step. All build the same forward pass
 * from the same ops, so policy and reference tie bit for bit when their weights are equal.
 * Letters: S shared, C chosen, R rejected packed tokens; Nc, Nr predicted tokens; W width, V vocabulary.
 */
import {
  add,
  concat,
  constant,
  detach,
  exp,
  gatherRows,
  input,
  linearLogps,
  matmul,
  meanKeepDims,
  meanRow,
  mul,
  type RowPatch,
  reshape,
  split,
  sub,
  sumAll,
  sumKeepDims,
  type Tensor,
} from "../engine/graph/index.ts";
import { type LoweredGraph, type LoweringOptions, lowerGraph } from "../engine/onnx/lower.ts";
import { type GradientGraph, type GradientOutputs, gradientOutputs } from "../learner/gradientOutputs.ts";
import type { LoraAdapter } from "../models/adapters/lora.ts";
import { buildNetwork } from "../models/buildNetwork.ts";
import type { Architecture } from "../models/network.ts";
import { PACKED, packedAttention } from "../models/packedAttention.ts";
import { LOGPS, pairInputs } from "./batchGraph.ts";
import { type Objective, objectiveLoss } from "./losses/objective.ts";

export interface PairGraphOptions extends Pick<Objective, "ldAlpha" | "useWeighting">, LoweringOptions {
  architecture: Architecture;
  adapter: LoraAdapter | null;
  /** Whether the unembedding is frozen: its mean row is then fed as `headMean` [1, W], not recomputed each time. */
  frozenHead: boolean;
  /** Gradient checkpointing: layers keep only their input, and the backward pass recomputes them. */
  checkpointing?: boolean;
  /** Whether training adds noise to the embeddings (NEFTune), of size `noiseSize` []. */
  noise?: boolean;
}

/** Randomness drawn anew from `dropoutSeed` for every training pass; scoring draws nothing. */
export interface Training {
  dropout: boolean;
}

/** Names of the inputs for a pair; see {@link PackedPair}. */
export const packedGraphInputs = () => ({
  tokens: input("tokens", [PACKED], "int32"),
  positions: input("positions", [PACKED], "int32"),
  /** S, C, R. */
  sizes: input("sizes", [6], "int64"),
  predictFrom: input("predictFrom", ["Nc+Nr"], "int32"),
  labels: input("labels", ["Nc+Nr"], "int32"),
  /** Nc, Nr. */
  targets: input("targets", [2], "int64"),
});

/** Sums over chosen and over rejected targets: x [Nc+Nr] -> two scalars. */
function sumsOf(x: Tensor, targets: Tensor): [chosen: Tensor, rejected: Tensor] {
  const [chosen, rejected] = split(x, targets, ["Nc", "Nr"]);
  return [sumAll(chosen), sumAll(rejected)];
}

const vector = (x: Tensor): Tensor => reshape(x, [1]);
const vectorOf = (values: readonly Tensor[]): Tensor => concat(values.map(vector), 0);

/** Order of the `scores` output, a vector. */
export const SCORES = [
  "chosenLogps",
  "rejectedLogps",
  "entropy",
  "chosenLogits",
  "rejectedLogits",
  "chosenCorrect",
  "plainChosenLogps",
  "weight",
] as const;

function forwardPair(options: PairGraphOptions, training?: Training) {
  const { architecture, adapter, frozenHead, ldAlpha, useWeighting, checkpointing = false } = options;
  const inputs = packedGraphInputs();
  const seed = input("dropoutSeed", [], "uint32");
  const dropoutSeed = training?.dropout ? seed : undefined;
  const attend = packedAttention(inputs.positions, inputs.sizes, dropoutSeed);
  const net = buildNetwork(architecture, {
    adapter,
    attend,
    checkpointing,
    dropoutSeed,
    noise: training && options.noise ? { seed, size: input("noiseSize", []) } : undefined,
  });
  const { tokens, positions, predictFrom, targets } = inputs;
  const hidden = architecture.forward(net, { tokens, positions, rows: predictFrom }); // [N, W]
  const head = net.head(); // [V, W]
  const patch = net.headPatch();
  const cap = architecture.logitsCap ?? null;
  const ofLabels = linearLogps(hidden, head, inputs.labels, { patch, cap });
  const { logps, entropy, correct, logSquares } = ofLabels; // [N] each
  /** Without a cap a token's mean logit is its hidden state times the mean row: [N, W] x [W], not x [V, W]. */
  const meanLogits = () => {
    if (ofLabels.meanLogits) return ofLabels.meanLogits;
    const plainMean = frozenHead ? input("headMean", [1, architecture.hiddenSize]) : meanKeepDims(head, [0]);
    const headMean = patch ? patchedMean(plainMean, head, patch) : plainMean;
    return reshape(matmul(hidden, headMean, { transB: true }), ["Nc+Nr"]);
  };
  const plainSums = sumsOf(logps, targets);
  const sums = ldAlpha === null ? plainSums : sumsOf(mul(logps, input("tokenWeights", ["Nc+Nr"])), targets);
  const weight = useWeighting ? pairWeight(logps, logSquares) : constant(1);
  return { inputs, net, meanLogits, entropy, correct, sums, plainChosen: plainSums[0], weight };
}

/** The mean row [1, W] with some rows replaced. */
function patchedMean(mean: Tensor, head: Tensor, { ids, rows }: RowPatch): Tensor {
  const moved = sub(rows, gatherRows(head, constant([...ids], "int32")));
  return add(mean, mul(sumKeepDims(moved, [0]), 1 / Number(head.shape[0])));
}

/**
 * WPO's weight of a pair (arXiv 2406.11827, Eq. 2): the product of both answers' probabilities per token, each aligned
 * by the probability that a token drawn from the policy would have. No gradient.
 */
function pairWeight(logps: Tensor, logSquares: Tensor): Tensor {
  const aligned = detach(sub(logps, logSquares));
  return exp(sumAll(mul(aligned, input("tokenShares", ["Nc+Nr"]))));
}

function scoresOf({ inputs, meanLogits, entropy, correct, ...pair }: ReturnType<typeof forwardPair>): Tensor {
  const [chosenCorrect] = sumsOf(correct, inputs.targets);
  const meanSums = sumsOf(meanLogits(), inputs.targets);
  return vectorOf([...pair.sums, sumAll(entropy), ...meanSums, chosenCorrect, pair.plainChosen, pair.weight]);
}

/** Scores only, with the dropout and noise of a training step if requested. Output: `scores` [8]. */
export function scoreGraph(options: PairGraphOptions, training?: Training): LoweredGraph {
  return lowerGraph({ scores: scoresOf(forwardPair(options, training)) }, options);
}

/** Only the two log-probabilities, for the reference. Output: `logps` [2], equal to the first two scores. */
export function logpsGraph(options: PairGraphOptions): LoweredGraph {
  return lowerGraph({ logps: vectorOf(forwardPair(options).sums) }, options);
}

export interface StepGraphOptions extends PairGraphOptions, Training {
  /** Names of the tensors to differentiate by. */
  trainable: readonly string[];
}

/**
 * Forward and backward of one pair, for losses that are means over pairs.
 * Outputs: `loss` [], `scores` [8], {@link gradientOutputs} of every trainable tensor.
 */
export function stepGraph(options: StepGraphOptions, objective: Objective): GradientGraph {
  const pair = forwardPair(options, options);
  const [chosenLogps, rejectedLogps] = pair.sums.map(vector);
  const scored = {
    chosenLogps,
    rejectedLogps,
    plainChosenLogps: vector(pair.plainChosen),
    ...pairInputs(1, objective),
  };
  const loss = sumAll(objectiveLoss(scored, objective.useWeighting ? vector(pair.weight) : null, objective));
  const { outputs, parts } = gradientsOf(loss, pair, options);
  return { ...lowerGraph({ loss, scores: scoresOf(pair), ...outputs }, options), gradients: parts };
}

/**
 * Backward of one pair for losses of the whole batch, given the loss's derivative by the pair's log-probabilities.
 * Inputs `by.*` [1]: see {@link batchLossGraph}. Outputs: {@link gradientOutputs} of every trainable tensor.
 */
export function pullbackGraph(options: StepGraphOptions): GradientGraph {
  const pair = forwardPair(options, options);
  const values = [...pair.sums, pair.plainChosen].map(vector);
  const terms = values.map((value, i) => mul(value, input(`by.${LOGPS[i]}`, [1])));
  const linear = sumAll(terms.reduce((total, term) => add(total, term)));
  const { outputs, parts } = gradientsOf(linear, pair, options);
  return { ...lowerGraph(outputs, options), gradients: parts };
}

function gradientsOf(
  scalar: Tensor,
  { net }: ReturnType<typeof forwardPair>,
  { trainable }: StepGraphOptions,
): GradientOutputs {
  const trained = trainable.map((name): [string, Tensor] => {
    const tensor = net.weights.get(name);
    if (!tensor) throw new Error(`internal: the network does not use ${name}`);
    return [name, tensor];
  });
  return gradientOutputs(scalar, trained);
}

/** The mean row of the unembedding [1, W]. */
export function headMean({ head, parameters, stored }: Architecture): Tensor {
  return meanRow(input(head, parameters.get(head) as number[], "float32", stored?.get(head)));
}
