/**
 * @file The forward pass shared by GPT-2 and Llama's family: embedding, blocks that add attention and an MLP to a
 * residual stream, each after a norm, and a last norm.
 * Letters: M tokens, N requested rows, C channels, H heads, K key heads, D channels per head.
 */
import { add, gatherRows, type Tensor } from "../../engine/graph/index.ts";
import type { Architecture, AttentionShape, LinearLayer, Network } from "../network.ts";

/** The embedded tokens, with whatever all blocks need to know of the positions. */
export interface Embedded<P> {
  /** [M, C]. */
  x: Tensor;
  /** E.g. the angles of a rotary embedding. */
  places: P;
}

export interface Block<P> {
  name: string;
  attention: Omit<AttentionShape, "layer">;
  /** The block's input [M, C] -> queries [M, H D], keys [M, K D], values [M, K D]; includes the first norm. */
  project(net: Network, x: Tensor, places: P): readonly [Tensor, Tensor, Tensor];
  attentionOut: LinearLayer;
  /** What is added to the stream, of attentionOut's result [N, C]; absent: that itself. */
  attended?(net: Network, x: Tensor): Tensor;
  /** Default: the stream after attention. */
  mlpReads?: "stream after attention" | "block's input";
  /** What it reads [N, C] -> the MLP's output to add to the stream; includes the norms around it. */
  mlp(net: Network, stream: Tensor): Tensor;
  /** Dropout of the terms added to the stream. */
  residualDropout: number;
}

export interface PreNormDecoder<P> {
  embed(net: Network, inputs: { tokens: Tensor; positions: Tensor }): Embedded<P>;
  blocks: readonly Block<P>[];
  lastNorm(net: Network, x: Tensor): Tensor;
}

/** One block; `rows` if only some tokens are needed after its attention. */
function forwardBlock<P>(
  net: Network,
  { name, attention, project, attentionOut, attended = (_, x) => x, mlpReads, mlp, residualDropout }: Block<P>,
  { x, places }: Embedded<P>,
  { layer, rows }: { layer: number; rows: Tensor | null },
): Tensor {
  const [q, k, v] = project(net, x, places);
  const only = (t: Tensor) => (rows ? gatherRows(t, rows) : t);
  const seen = net.linear(only(net.attend(q, k, v, { ...attention, layer })), attentionOut);
  const input = only(x);
  const middle = add(input, net.dropout(attended(net, seen), residualDropout, `${name}.attn`));
  const added = mlp(net, mlpReads === "block's input" ? input : middle);
  return add(middle, net.dropout(added, residualDropout, `${name}.mlp`));
}

export function preNormForward<P>({ embed, blocks, lastNorm }: PreNormDecoder<P>): Architecture["forward"] {
  return (net, { tokens, positions, rows }) => {
    const { x: first, places } = embed(net, { tokens, positions });
    const last = blocks.reduce((x, block, layer) => {
      const isLast = layer === blocks.length - 1;
      const place = { layer, rows: isLast ? rows : null };
      return net.layer(x, (input) => forwardBlock(net, block, { x: input, places }, place));
    }, first);
    return lastNorm(net, last);
  };
}
