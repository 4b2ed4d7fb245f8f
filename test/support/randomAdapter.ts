/** @file An adapter with random weights: without it, the model would clearly give other logits. */
import type { SavedAdapter } from "../../src/checkpoints/adapter.ts";
import type { AdapterConfig } from "../../src/checkpoints/adapterConfig.ts";
import { adapterTensors, loraAdapter } from "../../src/models/adapters/lora.ts";
import type { LoadedModel } from "../../src/models/loadedModel.ts";
import { Mt19937 } from "../../src/random.ts";

/** @param more changes of LoRA with r 2 on all linear layers. */
export function randomAdapter({ architecture, nameOrPath }: LoadedModel, more: Partial<AdapterConfig>): SavedAdapter {
  const linears = architecture.linears.map(({ name }) => name.split(".").at(-1) as string);
  const config: AdapterConfig = {
    ...{ r: 2, lora_alpha: 4, lora_dropout: 0, target_modules: [...new Set(linears)] },
    ...{ fan_in_fan_out: architecture.linears[0].layout === "in,out" },
    ...{ base_model_name_or_path: nameOrPath, task_type: "CAUSAL_LM", revision: null, ...more },
  };
  const random = new Mt19937(3);
  const weights: SavedAdapter["weights"] = new Map();
  for (const { name, shape } of adapterTensors(loraAdapter(architecture, config))) {
    const size = shape.reduce((product, dim) => product * dim, 1);
    const isMagnitude = name.includes("magnitude");
    const data = random.normal(new Float32Array(size), 0, isMagnitude ? 0.1 : 0.2);
    weights.set(name, { shape: [...shape], data: isMagnitude ? data.map((value) => value + 1) : data });
  }
  return { config, weights };
}
