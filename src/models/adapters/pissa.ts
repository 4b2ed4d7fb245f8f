/** @file PiSSA's start of an adapter: moves principal components from the base weights into it. */
import type { Device } from "../../engine/runtime/device.ts";
import { PrefineError } from "../../errors.ts";
import type { LoraAdapter } from "./lora.ts";
import { pissa } from "./pissaKernel.ts";

/**
 * For an adapter with init_lora_weights "pissa": moves the principal components of the base weights, which must be in
 * the device, into fresh lora_A and lora_B. A saved adapter needs this too, before its own values are loaded: its file
 * does not contain the residual of the base. Cost: some seconds for GPT-2's largest layer.
 * @param rename the device's name of a tensor.
 */
export async function takePrincipal(
  device: Device,
  adapter: LoraAdapter,
  rename = (name: string) => name,
): Promise<void> {
  if (adapter.init !== "pissa") return;
  const linears = [...adapter.layers.values()].filter(({ isEmbedding }) => !isEmbedding); // as in PEFT
  for (const { layer, r, nameA, nameB, shapeA, shapeB, scaling } of linears) {
    const { inFeatures, outFeatures, layout } = layer;
    if (r > Math.min(inFeatures, outFeatures)) {
      const message = `init_lora_weights pissa: expected r of at most ${Math.min(inFeatures, outFeatures)}, found ${r}`;
      throw new PrefineError("config", `${message} for ${layer.name}`);
    }
    const empty = (shape: readonly number[]) => {
      return { dtype: "float32" as const, shape, data: new Float32Array(shape[0] * shape[1]) };
    };
    await device.put([
      [rename(nameA), empty(shapeA)],
      [rename(nameB), empty(shapeB)],
    ]);
    const tensors = { weight: [rename(`${layer.name}.weight`)], a: [rename(nameA)], b: [rename(nameB)] };
    const sizes = { r, scaling, inFeatures, outFeatures, isTransposed: layout === "in,out" };
    await device.apply(pissa, tensors, [sizes]);
  }
}
