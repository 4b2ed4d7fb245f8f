/** @file Products with a matrix [out, in] as integers, for generation: half of the time is in reading weights. */
import { add, blockMatmul, gemm, heldInput, reshape, sumKeepDims, type Tensor } from "../../engine/graph/index.ts";
import { type IntegerBlocks, integerBlockParts } from "../../formats/integerBlocks.ts";
import type { Architecture, LinearLayer } from "../network.ts";

type Sizes = Pick<LinearLayer, "inFeatures" | "outFeatures">;

/** Sums of the blocks of x, which the layers that read the same x share. */
const blockSums = new WeakMap<Tensor, Tensor>();

/** x [M, in] -> [M, in / size] */
function sumsOf(x: Tensor, { inFeatures }: Sizes, { size }: IntegerBlocks): Tensor {
  const blocks = inFeatures / size;
  const sums =
    blockSums.get(x) ?? reshape(sumKeepDims(reshape(x, [x.shape[0], blocks, size]), [2]), [x.shape[0], blocks]);
  blockSums.set(x, sums);
  return sums;
}

/** x W^T: the integers' product, and each block's offset times the sum of the block of x. */
function product(name: string, x: Tensor, sizes: Sizes, kind: IntegerBlocks): Tensor {
  const { inFeatures, outFeatures } = sizes;
  const [codes, scales, offsets] = integerBlockParts(kind, [outFeatures, inFeatures]).map(({ suffix, shape, dtype }) =>
    heldInput(name + suffix, shape, dtype),
  );
  const { bits, size } = kind;
  const y = blockMatmul(x, { bits, size, outFeatures, inFeatures, codes, scales });
  return offsets ? gemm(sumsOf(x, sizes, kind), offsets, y, { transB: true }) : y;
}

export function integerMatrix(name: string, layer: Sizes, kind: IntegerBlocks) {
  return {
    product: (x: Tensor, bias: Tensor | null) =>
      bias ? add(product(name, x, layer, kind), bias) : product(name, x, layer, kind),
    dense: (): Tensor => {
      throw new Error(`internal: ${name}: a layer with DoRA has no integers`);
    },
  };
}

/** The product with the unembedding's integers; null if it has none. */
export function integerHead({ integers, head, parameters }: Architecture): (hidden: Tensor) => Tensor | null {
  const kind = integers?.get(head);
  const [outFeatures, inFeatures] = parameters.get(head) ?? [];
  return (hidden) => (kind ? product(head, hidden, { inFeatures, outFeatures }, kind) : null);
}
