/**
 * @file Adafactor (arXiv 1804.04235) as transformers' Trainer configures it: its own class with scale_parameter and
 * relative_step off, so the schedule sets the learning rate. A matrix [R, C] keeps R + C numbers, not 2 R C.
 */
import { float32State, type Optimizer, type OptimizerTensor, type StateSpec } from "./optimizer.ts";

/** transformers' defaults, which its Trainer does not change. */
const EPS = 1e-30;
const CLIP_THRESHOLD = 1;
const DECAY_RATE = -0.8;

/** 1 / root of the second moment of element [r, c]: ofRow[r] * ofColumn[c]; a vector is one row. */
interface InverseRoots {
  ofRow: Float64Array;
  ofColumn: Float64Array;
}

export const adafactor: Optimizer<Record<never, never>> = {
  state: ({ shape }): Record<string, StateSpec> => {
    if (shape.length === 1) return { exp_avg_sq: float32State(shape) };
    if (shape.length !== 2) throw new Error(`internal: adafactor: a tensor of ${shape.length} dimensions`);
    return { exp_avg_sq_row: float32State([shape[0]]), exp_avg_sq_col: float32State([shape[1]]) };
  },
  update: (tensor, _, { step, learningRate, gradScale }) => {
    const { param, grad, weightDecay } = tensor;
    const keep = 1 - step ** DECAY_RATE; // beta2 of this step
    const { ofRow, ofColumn } =
      tensor.shape.length === 1 ? updateVector(tensor, gradScale, keep) : updateFactors(tensor, gradScale, keep);
    let squares = 0;
    for (let r = 0, i = 0; r < ofRow.length; r++) {
      for (let c = 0; c < ofColumn.length; c++, i++) {
        const direction = ofRow[r] * ofColumn[c] * Math.fround(gradScale * grad[i]);
        squares += direction * direction;
      }
    }
    const rms = Math.sqrt(squares / param.length);
    const rate = learningRate / Math.max(1, rms / CLIP_THRESHOLD);
    const decayed = 1 - weightDecay * learningRate;
    for (let r = 0, i = 0; r < ofRow.length; r++) {
      const factor = rate * ofRow[r];
      for (let c = 0; c < ofColumn.length; c++, i++) {
        param[i] = decayed * param[i] - factor * ofColumn[c] * Math.fround(gradScale * grad[i]);
      }
    }
  },
};

function updateVector({ grad, state }: OptimizerTensor, gradScale: number, keep: number): InverseRoots {
  const second = state.exp_avg_sq as Float32Array;
  for (let i = 0; i < grad.length; i++) {
    const g = Math.fround(gradScale * grad[i]);
    second[i] = keep * second[i] + (1 - keep) * (g * g + EPS);
  }
  return { ofRow: Float64Array.of(1), ofColumn: Float64Array.from(second, (value) => 1 / Math.sqrt(value)) };
}

/** Means of the squared gradient per row and per column; their outer product approximates the whole matrix. */
function updateFactors({ shape, grad, state }: OptimizerTensor, gradScale: number, keep: number): InverseRoots {
  const [rows, columns] = shape;
  const [row, column] = [state.exp_avg_sq_row as Float32Array, state.exp_avg_sq_col as Float32Array];
  const columnSums = new Float64Array(columns);
  let mean = 0;
  for (let r = 0, i = 0; r < rows; r++) {
    let sum = 0;
    for (let c = 0; c < columns; c++, i++) {
      const g = Math.fround(gradScale * grad[i]);
      const square = g * g + EPS;
      sum += square;
      columnSums[c] += square;
    }
    row[r] = keep * row[r] + (1 - keep) * (sum / columns);
    mean += row[r] / rows;
  }
  for (let c = 0; c < columns; c++) column[c] = keep * column[c] + (1 - keep) * (columnSums[c] / rows);
  return {
    ofRow: Float64Array.from(row, (value) => 1 / Math.sqrt(value / mean)),
    ofColumn: Float64Array.from(column, (value) => 1 / Math.sqrt(value)),
  };
}
