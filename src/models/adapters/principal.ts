/**
 * @file The largest singular values of a matrix and their vectors, by the Lanczos method on M^T M with full
 * reorthogonalization, in float64. For r columns out of hundreds it costs some dozen products with the matrix, where a
 * full decomposition takes hundreds: about a second for GPT-2's largest layer.
 */
import { largest } from "../../lists.ts";

export interface Principal {
  /** Singular values, largest first. */
  values: Float64Array;
  /** Left vectors [rows], one per value. */
  left: Float64Array[];
  /** Right vectors [columns]. */
  right: Float64Array[];
}

type Vector = Float64Array;
/** Residuals below this fraction of the largest eigenvalue count as zero. */
const CONVERGED = 1e-13;

function dot(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function addScaled(to: Vector, from: Vector, scale: number): void {
  for (let i = 0; i < to.length; i++) to[i] += scale * from[i];
}

function normalize(vector: Vector): number {
  const length = Math.sqrt(dot(vector, vector));
  for (let i = 0; i < vector.length; i++) vector[i] /= length;
  return length;
}

/** M v and M^T u for a matrix in row-major order. */
function products(matrix: Float32Array, rows: number, columns: number) {
  const times = (v: Vector): Vector => {
    const out = new Float64Array(rows);
    for (let i = 0; i < rows; i++) {
      let sum = 0;
      for (let j = 0, at = i * columns; j < columns; j++) sum += matrix[at + j] * v[j];
      out[i] = sum;
    }
    return out;
  };
  const transposedTimes = (u: Vector): Vector => {
    const out = new Float64Array(columns);
    for (let i = 0; i < rows; i++) {
      for (let j = 0, at = i * columns; j < columns; j++) out[j] += matrix[at + j] * u[i];
    }
    return out;
  };
  return { times, transposedTimes };
}

/** Eigenvalues and vectors [n][n] (by column) of a symmetric tridiagonal matrix: QL with implicit shifts (EISPACK). */
function tridiagonalEigen(
  diagonal: readonly number[],
  offDiagonal: readonly number[],
): { values: number[]; vectors: Vector[] } {
  const n = diagonal.length;
  const d = [...diagonal];
  const e = [...offDiagonal.slice(0, n - 1), 0];
  const vectors = d.map((_, i) => Float64Array.from(d, (__, j) => (i === j ? 1 : 0)));
  for (let low = 0; low < n; low++) {
    for (;;) {
      let m = low;
      while (m < n - 1 && Math.abs(e[m]) > Number.EPSILON * (Math.abs(d[m]) + Math.abs(d[m + 1]))) m++;
      if (m === low) break;
      sweep(d, e, vectors, [low, m]);
    }
  }
  return { values: d, vectors };
}

/** One QL sweep over rows low..m. */
function sweep(d: number[], e: number[], vectors: Vector[], [low, m]: [number, number]): void {
  const slope = (d[low + 1] - d[low]) / (2 * e[low]);
  let g = d[m] - d[low] + e[low] / (slope + Math.sign(slope || 1) * Math.hypot(slope, 1));
  let [sine, cosine, shift] = [1, 1, 0];
  for (let i = m - 1; i >= low; i--) {
    const f = sine * e[i];
    const b = cosine * e[i];
    const length = Math.hypot(f, g);
    e[i + 1] = length;
    if (length === 0) {
      d[i + 1] -= shift;
      e[m] = 0;
      return;
    }
    sine = f / length;
    cosine = g / length;
    const rest = d[i + 1] - shift;
    const turn = (d[i] - rest) * sine + 2 * cosine * b;
    shift = sine * turn;
    d[i + 1] = rest + shift;
    g = cosine * turn - b;
    for (const row of vectors) {
      const [a, c] = [row[i], row[i + 1]];
      row[i + 1] = sine * a + cosine * c;
      row[i] = cosine * a - sine * c;
    }
  }
  d[low] -= shift;
  e[low] = g;
  e[m] = 0;
}

/** A start vector that is unlikely to be orthogonal to any eigenvector, the same in every call. */
function startVector(size: number, seed: number): Vector {
  let state = seed;
  const vector = Float64Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
  normalize(vector);
  return vector;
}

/** The eigenvectors of the r largest eigenvalues of a symmetric operator on vectors of the given size. */
function lanczos(apply: (v: Vector) => Vector, size: number, r: number): Vector[] {
  const basis = [startVector(size, 1)];
  const diagonal: number[] = [];
  const offDiagonal: number[] = [];
  let check = Math.min(size, 2 * r + 16);
  for (;;) {
    const last = basis[basis.length - 1];
    const next = apply(last);
    diagonal.push(dot(next, last));
    for (let pass = 0; pass < 2; pass++) for (const v of basis) addScaled(next, v, -dot(v, next)); // twice is enough
    const scale = largest(diagonal);
    const length = Math.sqrt(dot(next, next));
    const isInvariant = !(length > CONVERGED * scale);
    if (basis.length >= check || basis.length === size) {
      const { values, vectors } = tridiagonalEigen(diagonal, offDiagonal);
      const best = values
        .map((_, i) => i)
        .sort((a, b) => values[b] - values[a])
        .slice(0, r);
      const residual = largest(best.map((i) => Math.abs(length * vectors[basis.length - 1][i])));
      if (basis.length === size || residual <= CONVERGED * scale) {
        return best.map((i) =>
          combine(
            basis,
            vectors.map((row) => row[i]),
          ),
        );
      }
      check = Math.min(size, Math.ceil(1.3 * check));
    }
    offDiagonal.push(isInvariant ? 0 : length);
    basis.push(isInvariant ? freshDirection(basis, size) : next);
    if (!isInvariant) normalize(next);
  }
}

/** For a basis that the operator maps onto itself: a direction orthogonal to it. */
function freshDirection(basis: readonly Vector[], size: number): Vector {
  const vector = startVector(size, basis.length + 1);
  for (let pass = 0; pass < 2; pass++) for (const v of basis) addScaled(vector, v, -dot(v, vector));
  normalize(vector);
  return vector;
}

function combine(basis: readonly Vector[], weights: readonly number[]): Vector {
  const sum = new Float64Array(basis[0].length);
  for (const [i, vector] of basis.entries()) addScaled(sum, vector, weights[i]);
  normalize(sum);
  return sum;
}

/** @param matrix row-major; r at most the smaller of both sizes. Signs of the vectors are arbitrary, in pairs. */
export function principal(matrix: Float32Array, [rows, columns]: readonly [number, number], r: number): Principal {
  const { times, transposedTimes } = products(matrix, rows, columns);
  const isTall = rows >= columns;
  const vectors = isTall
    ? lanczos((v) => transposedTimes(times(v)), columns, r)
    : lanczos((u) => times(transposedTimes(u)), rows, r);
  const others = vectors.map((vector) => (isTall ? times(vector) : transposedTimes(vector)));
  const values = Float64Array.from(others, (vector) => Math.sqrt(dot(vector, vector)));
  for (const [i, vector] of others.entries()) {
    for (let j = 0; j < vector.length; j++) vector[j] = values[i] > 0 ? vector[j] / values[i] : 0;
  }
  return { values, left: isTall ? others : vectors, right: isTall ? vectors : others };
}
