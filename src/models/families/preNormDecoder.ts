/**
 * @file The forward pass that GPT-2 and Llama's family share: embedding, blocks that add attention and an MLP to a
 * residual stream, each behind a norm of its own, and a last norm.
 * Letters: M tokens, N rows that are asked for, C channels, H heads, K key heads, D channels of a head.
 */
import { add, gatherRows, type Tensor } from "../../engine/graph/index.ts";
import type { Architecture, AttentionShape, LinearLayer, Network } from "../network.ts";

/** How a model sees its tokens, with what all of its blocks need of their positions. */
export interface Embedded<P> {
  /** [M, C]. */
  x: Tensor;
  /** E.g. the angles of a rotary embedding. */
  places: P;
}

export interface Block<P> {
  name: string;
  attention: Omit<AttentionShape, "layer">;
  /** The block's input [M, C] -> queries [M, H D], keys [M, K D], values [M, K D]; the first norm is part of it. */
  project(net: Network, x: Tensor, places: P): readonly [Tensor, Tensor, Tensor];
  attentionOut: LinearLayer;
  /** The stream behind attention [N, C] -> what the MLP adds to it; the second norm is part of it. */
  mlp(net: Network, middle: Tensor): Tensor;
  /** Dropout of what is added to the stream. */
  residualDropout: number;
}

export interface PreNormDecoder<P> {
  embed(net: Network, inputs: { tokens: Tensor; positions: Tensor }): Embedded<P>;
  blocks: readonly Block<P>[];
  lastNorm(net: Network, x: Tensor): Tensor;
}

/** One block; `rows` where only some tokens are needed behind its attention. */
function forwardBlock<P>(
  net: Network,
  { name, attention, project, attentionOut, mlp, residualDropout }: Block<P>,
  { x, places }: Embedded<P>,
  { layer, rows }: { layer: number; rows: Tensor | null },
): Tensor {
  const [q, k, v] = project(net, x, places);
  const only = (t: Tensor) => (rows ? gatherRows(t, rows) : t);
  const attended = net.linear(only(net.attend(q, k, v, { ...attention, layer })), attentionOut);
  const middle = add(only(x), net.dropout(attended, residualDropout, `${name}.attn`));
  return add(middle, net.dropout(mlp(net, middle), residualDropout, `${name}.mlp`));
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
