/** @file What an untrained adapter starts from: PEFT's draws from torch's generator. */
import { Mt19937 } from "../random.ts";
import type { InitLoraWeights, LoraLayer } from "./lora.ts";

type Drawn = Pick<LoraLayer, "r" | "nameA" | "nameB" | "shapeA" | "shapeB">;

/**
 * Initial lora_A [r, in] and lora_B [out, r] of each layer by file key, equal bit for bit to what PEFT's get_peft_model
 * makes right after transformers.set_seed(seed), which is how TRL's DPOTrainer builds an adapter from a peft_config.
 *
 * PEFT creates lora_A and lora_B as nn.Linear, each of which fills itself with random numbers, then draws lora_A a
 * second time and sets lora_B to zero. The draws that are overwritten move the generator all the same.
 * @param layers in the order of the model's modules (layer by layer; in GPT-2 c_attn, c_proj, mlp.c_fc, mlp.c_proj):
 *   all of them share one generator.
 * @param init true or null: A Kaiming-uniform; "gaussian": A normal with standard deviation 1 / r; false: the draws of
 *   nn.Linear stay, B is not zero.
 */
export function initLora(
  layers: Iterable<Drawn>,
  init: InitLoraWeights,
  seed: number,
): Map<string, { shape: number[]; data: Float32Array }> {
  const generator = new Mt19937(seed);
  const weights = new Map<string, { shape: number[]; data: Float32Array }>();
  for (const { r, nameA, nameB, shapeA, shapeB } of layers) {
    const a = generator.kaimingUniform(new Float32Array(shapeA[0] * shapeA[1]), shapeA[1]);
    const b = generator.kaimingUniform(new Float32Array(shapeB[0] * shapeB[1]), shapeB[1]);
    weights.set(nameA, { shape: [...shapeA], data: a });
    weights.set(nameB, { shape: [...shapeB], data: b });
    if (init === false) continue;
    if (init === "gaussian") generator.normal(a, 0, 1 / r);
    else generator.kaimingUniform(a, shapeA[1]);
    b.fill(0);
  }
  return weights;
}
