/** @file What a learner is made of. */

import type { LoraAdapter } from "../models/adapters/lora.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import type { Objective } from "./losses/objective.ts";
import type { OptimizerChoice } from "./trainedTensors.ts";

export type NamedTensors = ReadonlyMap<string, { shape: number[]; data: Float32Array }>;

export interface LearnerOptions {
  model: LoadedModel;
  /** Null: all parameters are trained. */
  adapter: LoraAdapter | null;
  /** Weights to start the adapter from, by PEFT's keys; absent: PEFT's initialization, drawn with `seed`. */
  adapterWeights?: NamedTensors;
  /** Another model as the reference; absent: a frozen copy of what the trainable weights are at the start. */
  referenceModel?: LoadedModel;
  /** An adapter on the reference model: its shape, and its weights by PEFT's keys. */
  referenceAdapter?: { shape: LoraAdapter; weights: NamedTensors };
  objective: Objective;
  optimizer: OptimizerChoice;
  /** Switches on the model's own dropouts and lora_dropout. */
  dropout: boolean;
  seed: number;
  /** neftune_noise_alpha: noise on the embeddings of training passes. */
  noiseAlpha?: number;
  /** Compute layers again in the backward pass instead of keeping what is in them: less memory, more time. */
  gradientCheckpointing?: boolean;
}
