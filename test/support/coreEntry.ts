/**
 * @file The core as a page would use it: takes a model's config.json, returns the graphs of its training and
 * generation. bundle.test.ts bundles it for a browser and runs it there and in Node; the bytes must be equal.
 */
import { createLearner } from "../../src/dpo/engineLearner.ts";
import { createDecoder } from "../../src/generation/createDecoders.ts";
import { loraAdapter } from "../../src/models/adapters/lora.ts";
import { modelOf } from "./graphModels.ts";
import { objective } from "./objective.ts";
import { graphsOpenedBy } from "./recordingDevice.ts";

const optimizer = { settings: { kind: "adamw", beta1: 0.9, beta2: 0.999, eps: 1e-8 }, weightDecay: () => 0 } as const;

/** Bytes of every graph that is opened by training and generating with LoRA on all linear layers. */
export async function writeGraphs(configFile: string): Promise<Uint8Array[]> {
  const model = modelOf(JSON.parse(configFile));
  const adapter = loraAdapter(model.architecture, {
    r: 4,
    lora_alpha: 8,
    lora_dropout: 0.05,
    target_modules: "all-linear",
  });
  const graphs = await graphsOpenedBy(async (device) => {
    await createLearner({ model, adapter, objective: objective(), dropout: true, seed: 3, optimizer }, device);
    const decoder = await createDecoder({ ...model, adapter: { lora: adapter, weights: new Map() } }, device);
    await decoder.step(new Int32Array(2), new Int32Array(2), { batch: 1, length: 2 });
  });
  return graphs.map(({ bytes }) => bytes);
}
