/** @file Singular values and vectors of matrices whose decomposition is known. */
import { describe, expect, test } from "vitest";
import { Mt19937 } from "../../random.ts";
import { pissa } from "./pissaKernel.ts";
import { principal } from "./principal.ts";

/** Orthonormal vectors of a given size, by Gram-Schmidt. */
function orthonormal(count: number, size: number, seed: number): Float64Array[] {
  const random = new Mt19937(seed);
  const vectors: Float64Array[] = [];
  while (vectors.length < count) {
    const v = Float64Array.from({ length: size }, () => random.random() - 0.5);
    for (const u of [...vectors, ...vectors]) {
      const along = u.reduce((sum, x, i) => sum + x * v[i], 0);
      for (let i = 0; i < size; i++) v[i] -= along * u[i];
    }
    const length = Math.hypot(...v);
    vectors.push(v.map((x) => x / length));
  }
  return vectors;
}

/** Sum of values[k] left[k] right[k]^T. */
function compose(values: ArrayLike<number>, left: Float64Array[], right: Float64Array[]): Float64Array {
  const [rows, columns] = [left[0].length, right[0].length];
  const matrix = new Float64Array(rows * columns);
  for (let k = 0; k < left.length; k++) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) matrix[i * columns + j] += values[k] * left[k][i] * right[k][j];
    }
  }
  return matrix;
}

const largest = (values: Iterable<number>) => Math.max(...[...values].map(Math.abs));

describe.each([
  ["tall", 40, 24],
  ["wide", 24, 40],
])("a %s matrix", (_, rows, columns) => {
  const values = Array.from({ length: 24 }, (__, k) => 5 * 0.8 ** k);
  const left = orthonormal(24, rows, 1);
  const right = orthonormal(24, columns, 2);
  const matrix = Float32Array.from(compose(values, left, right));

  test.each([1, 4, 24])("r = %i", (r) => {
    const result = principal(matrix, [rows, columns], r);
    for (let k = 0; k < r; k++) expect(result.values[k]).toBeCloseTo(values[k], 5);
    const best = compose(values, left.slice(0, r), right.slice(0, r));
    const again = compose(result.values, result.left, result.right);
    expect(largest(again.map((value, i) => value - best[i]))).toBeLessThan(1e-5);
  });

  test("PiSSA moves the components from the weight into A and B", () => {
    const [r, scaling] = [3, 2];
    const weight = matrix.slice();
    const [a, b] = [new Float32Array(r * columns), new Float32Array(rows * r)];
    pissa.run({ weight: [weight], a: [a], b: [b] }, [
      { r, scaling, inFeatures: columns, outFeatures: rows, isTransposed: false },
    ]);
    const [left0, right0] = [left.slice(r), right.slice(r)];
    const rest = compose(values.slice(r), left0, right0);
    expect(largest(weight.map((value, i) => value - rest[i]))).toBeLessThan(1e-5);
    const product = matrix.map((_x, i) => {
      const [k, j] = [Math.floor(i / columns), i % columns];
      return [0, 1, 2].reduce((sum, n) => sum + scaling * b[k * r + n] * a[n * columns + j], 0);
    });
    expect(largest(product.map((value, i) => value + weight[i] - matrix[i]))).toBeLessThan(1e-5);
  });
});

test("equal singular values, rank below r, and a matrix of zeros", () => {
  const identity = Float32Array.from({ length: 36 }, (_, i) => (i % 7 === 0 ? 2 : 0));
  expect([...principal(identity, [6, 6], 3).values]).toEqual([2, 2, 2]);
  const one = Float32Array.from(compose([3], orthonormal(1, 8, 3), orthonormal(1, 5, 4)));
  const result = principal(one, [8, 5], 3);
  expect(result.values[0]).toBeCloseTo(3, 5);
  expect(largest(result.values.slice(1))).toBeLessThan(1e-5);
  expect([...principal(new Float32Array(12), [4, 3], 2).values]).toEqual([0, 0]);
});
