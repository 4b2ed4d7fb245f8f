/** @file Options of a learner. */

import type { AdapterWeights, TrainedModelOptions } from "../learner/trainable.ts";
import type { OptimizerChoice } from "../learner/trainedTensors.ts";
import type { LoraAdapter } from "../models/adapters/lora.ts";
import type { LoadedModel } from "../models/loadedModel.ts";
import type { Objective } from "./losses/objective.ts";

export interface LearnerOptions extends TrainedModelOptions {
  /** Another model as the reference; absent: a frozen copy of the trainable weights at the start. */
  referenceModel?: LoadedModel;
  /** An adapter on the reference model, and its weights by PEFT's keys. */
  referenceAdapter?: { adapter: LoraAdapter; weights: AdapterWeights };
  objective: Objective;
  optimizer: OptimizerChoice;
  /** Enables the model's own dropouts and lora_dropout. */
  dropout: boolean;
  /** neftune_noise_alpha: noise on the embeddings of training passes. */
  noiseAlpha?: number;
  /** Recompute layers in the backward pass instead of keeping their activations: less memory, more time. */
  gradientCheckpointing?: boolean;
}
