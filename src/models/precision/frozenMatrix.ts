/** @file The base weight of a linear layer behind one interface, in float32 or in fewer bits. M tokens. */
import {
  add,
  constant,
  type Dtype,
  dequantize,
  gemm,
  type QuantizedMatrix,
  quantizedMatmul,
  type Shape,
  type Tensor,
  transpose,
} from "../../engine/graph/index.ts";
import { NESTED_VALUES, quantizedParts } from "../../formats/quantizedBlocks.ts";
import type { Architecture, LinearLayer } from "../network.ts";
import { integerMatrix } from "./integerMatrix.ts";

export interface FrozenMatrix {
  /** x [M, in] -> x W + bias [M, out]. */
  product(x: Tensor, bias: Tensor | null): Tensor;
  /** W in float32, in the layer's layout. */
  dense(): Tensor;
}

/** Graph inputs by name. */
export type NamedInput = (name: string, shape: Shape, dtype?: Dtype) => Tensor;

const nestedValues = constant([...NESTED_VALUES]);

/** @param weight the float32 weight by name, read only if the layer is not quantized. */
export function frozenMatrix(
  architecture: Pick<Architecture, "quantized" | "integers">,
  layer: LinearLayer,
  { named, weight }: { named: NamedInput; weight: (name: string) => Tensor },
): FrozenMatrix {
  const quantization = architecture.quantized?.get(layer.name);
  const isTransposed = layer.layout === "in,out";
  const name = `${layer.name}.weight`;
  const integers = architecture.integers?.get(name);
  if (integers) return integerMatrix(name, layer, integers);
  if (!quantization) {
    const matrix = weight(name);
    return { product: (x, bias) => gemm(x, matrix, bias, { transB: !isTransposed }), dense: () => matrix };
  }
  const { inFeatures, outFeatures } = layer;
  const parts = quantizedParts(quantization, inFeatures * outFeatures);
  const inputs = parts.map(({ suffix, shape, dtype }) => named(name + suffix, shape, dtype));
  const { format, nested } = quantization;
  const matrix: QuantizedMatrix = {
    format,
    inFeatures,
    outFeatures,
    parts: nested ? [...inputs, nestedValues] : inputs,
  };
  return {
    product: (x, bias) => (bias ? add(quantizedMatmul(x, matrix), bias) : quantizedMatmul(x, matrix)),
    dense: () => (isTransposed ? transpose(dequantize(matrix), [1, 0]) : dequantize(matrix)),
  };
}
