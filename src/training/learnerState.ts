/** @file Moves the learner's tensors to files and back, one at a time: together they may be three times the model. */
import { dataOf, type SavedTensors, type StoredTensor } from "../checkpoints/tensors.ts";
import type { Learner, Role } from "../dpo/learner.ts";
import type { LearnerState } from "../learner/learnerState.ts";

const DTYPES = { float32: "F32", float16: "F16", bfloat16: "BF16", uint8: "U8" } as const;
type Named = { name: string; shape: readonly number[]; dtype?: keyof typeof DTYPES };

function stored(learner: Learner, tensors: readonly Named[], role: Role = "policy"): Map<string, StoredTensor> {
  return new Map(
    tensors.map(({ name, shape, dtype = "float32" }) => {
      return [name, { shape, dtype: DTYPES[dtype], read: () => learner.readTensor(name, role) }];
    }),
  );
}

/** Trained weights, and frozen ones that are saved with them; each is read from the learner when it is written. */
export const weightsOf = (learner: Learner) => stored(learner, [...learner.trainable, ...learner.frozen]);

/** The optimizer's state; each tensor is read from the learner when it is written. */
export const optimizerOf = (learner: Learner) => stored(learner, learner.optimizerState);

/** The weights of a moving reference, under the names of the trained weights. */
export const referenceOf = (learner: Learner) => stored(learner, learner.trainable, "reference");

interface SavedState {
  weights: SavedTensors;
  /** Absent: unchanged. */
  optimizer?: SavedTensors;
  optimizerStep: number;
}

/** Reads a saved state and writes it into the learner. */
export async function writeLearner(learner: Learner, { weights, optimizer, optimizerStep }: SavedState): Promise<void> {
  const write = (part: Partial<LearnerState>) =>
    learner.writeState({ weights: new Map(), optimizer: new Map(), optimizerStep, ...part });
  await write({});
  for (const [name, tensor] of weights) {
    const data = (await dataOf(tensor)) as Float32Array;
    await write({ weights: new Map([[name, { shape: [...tensor.shape], data }]]) });
  }
  for (const [name, tensor] of optimizer ?? []) {
    const data = await dataOf(tensor);
    await write({ optimizer: new Map([[name, { shape: [...tensor.shape], data }]]) });
  }
}

/** Restores a moved reference. */
export async function writeReference(learner: Learner, weights: SavedTensors): Promise<void> {
  for (const [name, tensor] of weights) {
    await learner.writeReference(name, { shape: [...tensor.shape], data: (await dataOf(tensor)) as Float32Array });
  }
}
