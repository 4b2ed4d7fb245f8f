/** @file The tensors of the learner on their way to files and back, one at a time: all may be three times the model. */
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

/** Trained weights as they are when they are read, and what is saved beside them. */
export const weightsOf = (learner: Learner) => stored(learner, [...learner.trainable, ...learner.frozen]);

/** The optimizer's state as it is when it is read. */
export const optimizerOf = (learner: Learner) => stored(learner, learner.optimizerState);

/** The weights of a reference that moves, under the names of the trained ones. */
export const referenceOf = (learner: Learner) => stored(learner, learner.trainable, "reference");

interface SavedState {
  weights: SavedTensors;
  /** Absent: it stays as it is. */
  optimizer?: SavedTensors;
  optimizerStep: number;
}

/** Reads what was saved and puts it into the learner. */
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

/** A reference that has moved. */
export async function writeReference(learner: Learner, weights: SavedTensors): Promise<void> {
  for (const [name, tensor] of weights) {
    await learner.writeReference(name, { shape: [...tensor.shape], data: (await dataOf(tensor)) as Float32Array });
  }
}
