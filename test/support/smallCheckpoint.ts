/** @file A checkpoint of an adapter with two tensors; all steps have files of the same sizes. */
import type { Checkpoint } from "../../src/checkpoints/checkpoint.ts";
import type { Fingerprint } from "../../src/checkpoints/fingerprint.ts";
import type { SavedModel } from "../../src/checkpoints/modelFiles.ts";
import { newTrainerState } from "../../src/checkpoints/trainerState.ts";

export const MODEL: SavedModel = {
  kind: "adapter",
  config: {
    r: 2,
    lora_alpha: 4,
    lora_dropout: 0.1,
    target_modules: ["c_attn"],
    base_model_name_or_path: "gpt2",
    fan_in_fan_out: true,
    task_type: "CAUSAL_LM",
    revision: null,
  },
};
const LAYER = "base_model.model.transformer.h.0.attn.c_attn";
export const FINGERPRINT: Fingerprint = { data: { train: "a1" }, objective: { beta: 0.1 }, schedule: { max_steps: 4 } };

export function checkpointAt(step: number): Checkpoint {
  const weights = new Map([
    [`${LAYER}.lora_A.weight`, { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, step) }],
    [`${LAYER}.lora_B.weight`, { shape: [1, 2], data: Float32Array.of(0.1, -0.1) }],
  ]);
  const moments = new Map([...weights].map(([name, tensor]) => [`exp_avg.${name}`, tensor] as const));
  const log_history = [{ loss: 0.1 + 0.2, "rewards/margins": 1 / 3, epoch: 0.5, step }];
  return {
    weights,
    optimizer: moments,
    optimizerStep: step,
    state: { ...newTrainerState(), global_step: step, epoch: 0.5, log_history },
    loop: { progress: { stage: "stepEvaluated" }, log: { pendingLoss: Math.fround(0.7), loggedLoss: 1 / 3 } },
    fingerprint: FINGERPRINT,
    referenceLogps: new Map([["train", Float64Array.of(-1 / 3, -2 / 3, Number.NaN, Number.NaN)]]),
  };
}
