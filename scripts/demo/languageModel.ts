/**
 * @file The pretraining graph: next-token prediction over a batch of packed rows `prompt | direct | rambling`, in
 * which the two answers don't see each other, so that a question is computed once for both.
 * Letters: B rows, L tokens per row (padded), M = B L, N predicted tokens, C channels.
 */
import {
  add,
  input,
  linearLogps,
  matmul,
  mul,
  reshape,
  softmax,
  sumAll,
  type Tensor,
  transpose,
} from "../../src/engine/graph/index.ts";
import { lowerGraph } from "../../src/engine/onnx/lower.ts";
import { type GradientGraph, gradientOutputs } from "../../src/learner/gradientOutputs.ts";
import { buildNetwork } from "../../src/models/buildNetwork.ts";
import type { Architecture, Network } from "../../src/models/network.ts";

export interface BatchShape {
  rows: number;
  /** Tokens per row. */
  length: number;
}

/** Attention of B separate rows. @param mask [B, 1, L, L], added to the scores. */
function batchedAttention({ rows, length }: BatchShape, mask: Tensor): Network["attend"] {
  return (q, k, v, { heads, scale }) => {
    const width = q.shape[1] as number;
    const split = (x: Tensor) => transpose(reshape(x, [rows, length, heads, width / heads]), [0, 2, 1, 3]);
    const scores = matmul(split(q), split(k), { transB: true, alpha: scale }); // [B, H, L, L]
    const out = matmul(softmax(add(scores, mask)), split(v)); // [B, H, L, D]
    return reshape(transpose(out, [0, 2, 1, 3]), [rows * length, width]);
  };
}

/**
 * Inputs: every parameter; tokens, positions [M]; mask [B, 1, L, L]; predictFrom, labels [N]; weights [N], which sum
 * to 1; dropoutSeed [], for embedding and residual dropout. Outputs: `loss` [], the weighted mean cross-entropy in
 * nats, and the gradient of every parameter, unsplit: split gradients would sum rows of the tied embedding in another
 * order, which rounds to a model other than the committed one (13 of its 589,824 numbers after a step).
 */
export function languageModelGraph(architecture: Architecture, shape: BatchShape): GradientGraph {
  const size = shape.rows * shape.length;
  const mask = input("mask", [shape.rows, 1, shape.length, shape.length]);
  const net = buildNetwork(architecture, {
    adapter: null,
    attend: batchedAttention(shape, mask),
    dropoutSeed: input("dropoutSeed", [], "uint32"),
  });
  const hidden = architecture.forward(net, {
    tokens: input("tokens", [size], "int32"),
    positions: input("positions", [size], "int32"),
    rows: input("predictFrom", ["N"], "int32"),
  });
  const { logps } = linearLogps(hidden, net.weight(architecture.head), input("labels", ["N"], "int32"));
  const loss = mul(sumAll(mul(logps, input("weights", ["N"]))), -1);
  const names = [...architecture.parameters.keys()];
  const { outputs, parts } = gradientOutputs(
    loss,
    names.map((name) => [name, net.weight(name)]),
    { inPieces: false },
  );
  return { ...lowerGraph({ loss, ...outputs }), gradients: parts };
}
