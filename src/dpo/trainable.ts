/** @file Which tensors are trained, and what they start from. */
import { initLoraA } from "../models/initLora.ts";
import type { LearnerOptions, NamedTensors } from "./learnerOptions.ts";

export interface TrainableTensor {
  name: string;
  shape: number[];
}

/** Trainable tensors in the order the optimizer goes through them: PEFT's and the model's own. */
export function trainableOf({ model, adapter }: LearnerOptions): TrainableTensor[] {
  if (!adapter) return [...model.architecture.parameters].map(([name, shape]) => ({ name, shape: [...shape] }));
  return [...adapter.layers.values()].flatMap(({ nameA, nameB, shapeA, shapeB }) => [
    { name: nameA, shape: [...shapeA] },
    { name: nameB, shape: [...shapeB] },
  ]);
}

/** PEFT's start: lora_A drawn, lora_B zero. */
export function freshAdapter({ adapter, seed }: LearnerOptions): NamedTensors {
  const weights = new Map<string, { shape: number[]; data: Float32Array }>();
  if (!adapter) return weights;
  const layers = [...adapter.layers.values()];
  const targets = layers.map(({ layer }) => ({
    name: layer.name,
    in_features: layer.inFeatures,
    out_features: layer.outFeatures,
  }));
  const drawn = initLoraA(targets, adapter.r, seed);
  for (const { layer, nameA, nameB, shapeA, shapeB } of layers) {
    weights.set(nameA, { shape: [...shapeA], data: drawn.get(layer.name) as Float32Array });
    weights.set(nameB, { shape: [...shapeB], data: new Float32Array(shapeB[0] * shapeB[1]) });
  }
  return weights;
}
