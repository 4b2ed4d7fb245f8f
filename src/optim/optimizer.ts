/** @file The interface of an optimizer: the state it keeps per tensor, and its update; which tensors decay. */

/** Type and shape of a tensor that an optimizer keeps for a trained one; zeros before the first step. */
export interface StateSpec {
  dtype: "float32" | "uint8";
  shape: readonly number[];
}

/** A trained tensor with its gradient and its state, by the keys of `state`. */
export interface OptimizerTensor {
  shape: readonly number[];
  param: Float32Array;
  grad: Float32Array;
  state: Readonly<Record<string, Float32Array | Uint8Array>>;
  /** 0 for biases and norms: see `decays`. */
  weightDecay: number;
}

/** Values shared by all tensors of a step. */
export interface StepContext {
  /** Number of this step, counted from 1. */
  step: number;
  learningRate: number;
  /** Factor of every gradient, rounded to float32: clipping without a separate pass. */
  gradScale: number;
}

export interface Optimizer<Settings> {
  /**
   * State by its name on disk, where the trained tensor's name follows: `exp_avg.NAME`.
   * @param tensor.name a Hugging Face parameter name or PEFT's file key.
   */
  state(tensor: { name: string; shape: readonly number[] }, settings: Settings): Record<string, StateSpec>;
  /** Updates `param` and `state` in place, a pure function of its arguments: resumed = unbroken. */
  update(tensor: OptimizerTensor, settings: Settings, context: StepContext): void;
}

export const float32State = (shape: readonly number[]): StateSpec => ({ dtype: "float32", shape });

/** transformers' own patterns, and the names of GPT-2's LayerNorm modules (which transformers recognizes by type). */
const NO_DECAY = /bias|layernorm|rmsnorm|(?:^|\.)norm(?:$|\.)|_norm(?:$|\.)|(?:^|\.)ln_(?:\d+|f)\./;

/**
 * Whether weight decay applies, as in Trainer.get_decay_parameter_names of transformers: not to biases and the weights
 * of norms, but to all other weights, including LoRA's matrices.
 * @param name a Hugging Face parameter name or PEFT's file key.
 */
export function decays(name: string): boolean {
  return !NO_DECAY.test(name.toLowerCase());
}
