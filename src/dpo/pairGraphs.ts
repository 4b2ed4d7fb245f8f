/**
 * @file The graphs of one pair: scores (reference, evaluation) and the training step. Both build the same forward pass
 * with the same ops, so that policy and reference tie bit for bit where their weights are equal.
 * Letters: S shared, C chosen, R rejected packed tokens; Nc, Nr predicted tokens; W width, V vocabulary.
 */
import {
  concat,
  grad,
  input,
  linearLogps,
  matmul,
  meanKeepDims,
  reshape,
  split,
  sub,
  sumAll,
  type Tensor,
} from "../engine/graph/index.ts";
import { type LoweredGraph, lowerGraph } from "../engine/onnx/lower.ts";
import { buildNetwork } from "../models/buildNetwork.ts";
import type { LoraAdapter } from "../models/lora.ts";
import type { Architecture } from "../models/network.ts";
import { PACKED, packedAttention } from "../models/packedAttention.ts";
import { type LossType, losses } from "./losses.ts";

export interface PairGraphOptions {
  architecture: Architecture;
  adapter: LoraAdapter | null;
  /** Whether the unembedding is frozen: then its mean row is fed as `headMean` [1, W] instead of computed each time. */
  frozenHead: boolean;
}

/** Names of the inputs that describe a pair; see {@link PackedPair}. */
export const packedGraphInputs = () => ({
  tokens: input("tokens", [PACKED], "int32"),
  positions: input("positions", [PACKED], "int32"),
  /** S, C, R. */
  sizes: input("sizes", [3], "int64"),
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

/** Order of the `scores` output, a vector. */
export const SCORES = [
  "chosenLogps",
  "rejectedLogps",
  "entropy",
  "chosenLogits",
  "rejectedLogits",
  "chosenCorrect",
] as const;

function forwardPair({ architecture, adapter, frozenHead }: PairGraphOptions, dropoutSeed?: Tensor) {
  const inputs = packedGraphInputs();
  const attend = packedAttention(inputs.positions, inputs.sizes, dropoutSeed);
  const net = buildNetwork(architecture, { adapter, attend, ...(dropoutSeed ? { dropoutSeed } : {}) });
  const { tokens, positions, predictFrom } = inputs;
  const hidden = architecture.forward(net, { tokens, positions, rows: predictFrom }); // [N, W]
  const head = net.head(); // [V, W]
  const { logps, entropy, correct } = linearLogps(hidden, head, inputs.labels); // [N] each
  const headMean = frozenHead ? input("headMean", [1, architecture.hiddenSize]) : meanKeepDims(head, [0]);
  return { inputs, net, hidden, headMean, logps, entropy, correct, sums: sumsOf(logps, inputs.targets) };
}

/** The mean logit of a token is its hidden state times the mean row of the unembedding: [N, W] x [W], not x [V, W]. */
function scoresOf({ inputs, hidden, headMean, entropy, correct, sums }: ReturnType<typeof forwardPair>): Tensor {
  const meanLogits = reshape(matmul(hidden, headMean, { transB: true }), ["Nc+Nr"]);
  const [chosenCorrect] = sumsOf(correct, inputs.targets);
  const values = [...sums, sumAll(entropy), ...sumsOf(meanLogits, inputs.targets), chosenCorrect];
  return concat(
    values.map((value) => reshape(value, [1])),
    0,
  );
}

/** Scores only. Output: `scores` [6]. */
export function scoreGraph(options: PairGraphOptions): LoweredGraph {
  return lowerGraph({ scores: scoresOf(forwardPair(options)) });
}

/** The two log-probabilities alone, for the reference. Output: `logps` [2], equal to the first two scores. */
export function logpsGraph(options: PairGraphOptions): LoweredGraph {
  const { sums } = forwardPair(options);
  return lowerGraph({
    logps: concat(
      sums.map((sum) => reshape(sum, [1])),
      0,
    ),
  });
}

export interface StepGraphOptions extends PairGraphOptions {
  lossType: LossType;
  beta: number;
  dropout: boolean;
  /** Names of the tensors to differentiate by. */
  trainable: readonly string[];
}

/** Outputs: `loss` [], `scores` [6], `grad.NAME` for every trainable tensor. */
export function stepGraph(options: StepGraphOptions): LoweredGraph {
  const seed = options.dropout ? input("dropoutSeed", [], "uint32") : undefined;
  const pair = forwardPair(options, seed);
  const [chosen, rejected] = pair.sums.map((sum) => reshape(sum, [1]));
  const logratios = {
    chosenLogratios: sub(chosen, input("referenceChosen", [1])),
    rejectedLogratios: sub(rejected, input("referenceRejected", [1])),
  };
  const perPair = losses[options.lossType](logratios, { beta: options.beta });
  const loss = sumAll(perPair);
  const wrt = options.trainable.map((name) => {
    const tensor = pair.net.weights.get(name);
    if (!tensor) throw new Error(`internal: the network does not use ${name}`);
    return tensor;
  });
  const gradients = grad(loss, wrt).map((tensor, i) => [`grad.${options.trainable[i]}`, tensor]);
  return lowerGraph({ loss, scores: scoresOf(pair), ...Object.fromEntries(gradients) });
}

/** The mean row of the unembedding. Output: `headMean` [1, W]. */
export function headMeanGraph(architecture: Architecture): LoweredGraph {
  const head = input(architecture.head, architecture.parameters.get(architecture.head) as number[]);
  return lowerGraph({ headMean: meanKeepDims(head, [0]) });
}

/** The mean loss of B scored pairs, for evaluation. Inputs chosen, rejected: log-ratios [B]; output `loss` []. */
export function lossGraph({ lossType, beta }: { lossType: LossType; beta: number }): LoweredGraph {
  const chosenLogratios = input("chosen", ["B"]);
  const rejectedLogratios = input("rejected", ["B"]);
  const perPair = losses[lossType]({ chosenLogratios, rejectedLogratios }, { beta });
  return lowerGraph({ loss: reshape(meanKeepDims(perPair, [0]), []) });
}
