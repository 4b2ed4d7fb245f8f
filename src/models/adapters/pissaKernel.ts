/** @file The kernel of PiSSA's start of an adapter. */
import { principal } from "./principal.ts";

/**
 * PiSSA (arXiv 2404.02948): A and B become the r principal components of each weight, which keeps the residual:
 * W = s B A + (W - s B A). Writes weights, A and B in place. Signs of the components are arbitrary.
 */
export const pissa = {
  name: "pissa",
  run(
    tensors: { weight: Float32Array[]; a: Float32Array[]; b: Float32Array[] },
    layers: { r: number; scaling: number; inFeatures: number; outFeatures: number; isTransposed: boolean }[],
  ): void {
    for (const [at, { r, scaling, inFeatures, outFeatures, isTransposed }] of layers.entries()) {
      const [weight, a, b] = [tensors.weight[at], tensors.a[at], tensors.b[at]];
      const shape = isTransposed ? ([inFeatures, outFeatures] as const) : ([outFeatures, inFeatures] as const);
      const { values, left, right } = principal(weight, shape, r);
      const [outputs, inputs] = isTransposed ? [right, left] : [left, right];
      for (let i = 0; i < r; i++) {
        const root = Math.sqrt(values[i] / scaling);
        for (let j = 0; j < inFeatures; j++) a[i * inFeatures + j] = root * inputs[i][j];
        for (let k = 0; k < outFeatures; k++) b[k * r + i] = root * outputs[i][k];
      }
      for (let k = 0; k < outFeatures; k++) {
        for (let j = 0; j < inFeatures; j++) {
          let product = 0;
          for (let i = 0; i < r; i++) product += b[k * r + i] * a[i * inFeatures + j];
          weight[isTransposed ? j * outFeatures + k : k * inFeatures + j] -= scaling * product;
        }
      }
    }
  },
};
