/** @file Initial weights of an adapter: PEFT's draws from torch's generator. */
import { Mt19937 } from "../../random.ts";
import type { InitLoraWeights, LoraLayer } from "./lora.ts";

type Drawn = Pick<LoraLayer, "isEmbedding" | "nameA" | "nameB" | "shapeA" | "shapeB">;

/**
 * Initial lora_A [r, in] and lora_B [out, r] of each layer by file key, bit for bit what PEFT's get_peft_model creates
 * right after transformers.set_seed(seed), which is how TRL's DPOTrainer builds an adapter from a peft_config.
 *
 * PEFT creates lora_A and lora_B as nn.Linear, which fill themselves with random numbers, then draws lora_A again and
 * sets lora_B to zero. The overwritten draws still advance the generator. On embeddings both are drawn normal, then B
 * again, and A is set to zero.
 * @param layers in the order of the model's modules (wte, wpe, then layer by layer; in GPT-2 c_attn, c_proj, mlp.c_fc,
 *   mlp.c_proj): all of them share one generator.
 * @param init true or null: A Kaiming-uniform; "gaussian": A normal with standard deviation 1 / r; false: keeps
 *   nn.Linear's draws, so B is not zero. For embeddings only false makes a difference.
 */
export function initLora(
  layers: Iterable<Drawn>,
  init: InitLoraWeights,
  seed: number,
): Map<string, { shape: number[]; data: Float32Array }> {
  const generator = new Mt19937(seed);
  const weights = new Map<string, { shape: number[]; data: Float32Array }>();
  for (const { isEmbedding, nameA, nameB, shapeA, shapeB } of layers) {
    const [a, b] = [shapeA, shapeB].map((shape) => ({
      shape: [...shape],
      data: new Float32Array(shape[0] * shape[1]),
    }));
    weights.set(nameA, a).set(nameB, b);
    (isEmbedding ? drawEmbedding : drawLinear)(generator, [a, b], init);
  }
  return weights;
}

type Drawing = { shape: number[]; data: Float32Array };

function drawLinear(generator: Mt19937, [a, b]: Drawing[], init: InitLoraWeights): void {
  const [r, inFeatures] = a.shape;
  generator.kaimingUniform(a.data, inFeatures);
  generator.kaimingUniform(b.data, r);
  if (init === false) return;
  if (init === "gaussian") generator.normal(a.data, 0, 1 / r);
  else generator.kaimingUniform(a.data, inFeatures);
  b.data.fill(0);
}

function drawEmbedding(generator: Mt19937, [a, b]: Drawing[], init: InitLoraWeights): void {
  generator.normal(a.data);
  generator.normal(b.data);
  if (init === false) return;
  a.data.fill(0);
  generator.normal(b.data);
}
