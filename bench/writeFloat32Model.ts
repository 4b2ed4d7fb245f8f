/** @file A model in any format -> config.json and model.safetensors in float32, for Python. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openDevice } from "../src/device/openDevice.ts";
import { encodeSafetensors, type SafetensorsTensor } from "../src/formats/safetensors.ts";
import { loadModel } from "../src/pretrained/loadModel.ts";

export async function writeFloat32Model(idOrPath: string, folder: string): Promise<void> {
  const { config, generationConfig, weights } = await loadModel(idOrPath);
  const device = await openDevice();
  try {
    const tensors = new Map<string, SafetensorsTensor>();
    for (const [name, range] of weights) {
      await device.load([[name, { ...range }]]);
      const [{ shape, data }] = await device.read([name]);
      tensors.set(name, { dtype: "F32", shape: [...shape], data: Float32Array.from(data as Float32Array) });
      await device.free([name]);
    }
    writeFileSync(join(folder, "model.safetensors"), encodeSafetensors(tensors, { format: "pt" }));
    writeFileSync(join(folder, "config.json"), JSON.stringify({ ...config, dtype: "float32" }, null, 2));
    writeFileSync(join(folder, "generation_config.json"), JSON.stringify(generationConfig, null, 2));
  } finally {
    await device.dispose();
  }
}
