/** @file The tensors that training changes: weights, the optimizer's state, and its step count. */

export interface PlainTensor {
  shape: number[];
  /** Bytes: the optimizer's 8-bit codes, frozen 16-bit floats. */
  data: Float32Array | Uint8Array;
}

export interface LearnerState {
  /** Trainable tensors by their names in files (PEFT's keys for LoRA, Hugging Face's names otherwise). */
  weights: Map<string, { shape: number[]; data: Float32Array }>;
  /** Optimizer tensors, `exp_avg.NAME` and so on. */
  optimizer: Map<string, PlainTensor>;
  /** Optimizer steps taken. */
  optimizerStep: number;
}
