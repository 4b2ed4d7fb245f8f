/** @file What a learner is made of. */

import type { AdapterWeights, TrainedModelOptions } from "../learner/trainable.ts";
import type { OptimizerChoice } from "../learner/trainedTensors.ts";
import type { LoraAdapter } from "../models/adapters/lora.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import type { Objective } from "./losses/objective.ts";

export interface LearnerOptions extends TrainedModelOptions {
  /** Another model as the reference; absent: a frozen copy of what the trainable weights are at the start. */
  referenceModel?: LoadedModel;
  /** An adapter on the reference model, and its weights by PEFT's keys. */
  referenceAdapter?: { adapter: LoraAdapter; weights: AdapterWeights };
  objective: Objective;
  optimizer: OptimizerChoice;
  /** Switches on the model's own dropouts and lora_dropout. */
  dropout: boolean;
  /** neftune_noise_alpha: noise on the embeddings of training passes. */
  noiseAlpha?: number;
  /** Compute layers again in the backward pass instead of keeping what is in them: less memory, more time. */
  gradientCheckpointing?: boolean;
}
