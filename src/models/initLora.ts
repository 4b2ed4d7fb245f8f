/** @file What an untrained adapter starts from: lora_A by PEFT's draws from torch's generator (lora_B is zero). */
import { Mt19937 } from "../random.ts";

/** A linear module that LoRA adapts; sizes of the base weight, whichever way the file stores it. */
export interface LoraTarget {
  name: string;
  in_features: number;
  out_features: number;
}

/**
 * Initial lora_A of each module, [r, in_features] row by row, equal bit for bit to what PEFT's get_peft_model makes
 * right after transformers.set_seed(seed), which is how TRL's DPOTrainer builds an adapter from a peft_config.
 *
 * PEFT creates lora_A and lora_B as nn.Linear, each of which fills itself with random numbers, then draws lora_A a
 * second time and sets lora_B to zero. The draws that are overwritten move the generator all the same.
 * @param modules in the order of the model's modules (layer by layer; in GPT-2 c_attn, c_proj, mlp.c_fc, mlp.c_proj):
 *   all of them share one generator.
 */
export function initLoraA(modules: readonly LoraTarget[], r: number, seed: number): Map<string, Float32Array> {
  const generator = new Mt19937(seed);
  const weights = new Map<string, Float32Array>();
  for (const { name, in_features, out_features } of modules) {
    generator.skip(r * in_features + r * out_features);
    weights.set(name, generator.kaimingUniform(new Float32Array(r * in_features), in_features));
  }
  return weights;
}
