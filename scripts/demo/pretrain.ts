/** @file Trains a GPT-2 from scratch on the entries, with prefine's shared training code. */

import { openDevice } from "../../src/device/openDevice.ts";
import type { Device } from "../../src/engine/runtime/device.ts";
import { float32 } from "../../src/engine/runtime/hostTensor.ts";
import { type GradientPass, TrainedTensors } from "../../src/learner/trainedTensors.ts";
import { architectureOf } from "../../src/models/families/architectures.ts";
import type { Architecture } from "../../src/models/network.ts";
import { decays } from "../../src/optim/optimizer.ts";
import { Mt19937 } from "../../src/random.ts";
import { type Batch, epochBatches, type PackedEntry } from "./batches.ts";
import { type BatchShape, languageModelGraph } from "./languageModel.ts";
import { PRETRAINING, SEED } from "./settings.ts";

/** Standard deviation of GPT-2's initial weights. */
const INITIAL_DEVIATION = 0.02;

export interface Weight {
  shape: number[];
  data: Float32Array;
}

/** GPT-2's initialization: normal weights, smaller if they write to the residual stream, biases 0, norms 1. */
function initialWeights(architecture: Architecture): Map<string, Weight> {
  const random = new Mt19937(SEED);
  const weights = new Map<string, Weight>();
  for (const [name, shape] of architecture.parameters) {
    const data = new Float32Array((shape as readonly number[]).reduce((product, size) => product * size, 1));
    const residual = name.endsWith("c_proj.weight") ? Math.sqrt(2 * architecture.layers) : 1;
    if (/\.ln_\w+\.weight$/.test(name)) data.fill(1);
    else if (name.endsWith(".weight")) random.normal(data, 0, INITIAL_DEVIATION / residual);
    weights.set(name, { shape: [...shape], data });
  }
  return weights;
}

/** Linear warm-up, then a cosine decay to almost 0. @param step counted from 0. */
function learningRate(step: number, steps: number): number {
  const { learningRate: peak, warmupSteps } = PRETRAINING;
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  const share = (step - warmupSteps) / (steps - warmupSteps);
  return peak * (0.01 + 0.495 * (1 + Math.cos(Math.PI * share)));
}

/** Loads the weights into the device, with memory for the optimizer's state. */
async function startTraining(device: Device, weights: ReadonlyMap<string, Weight>): Promise<TrainedTensors> {
  await device.put([...weights].map(([name, weight]) => [name, float32(weight)]));
  const { beta1, beta2, eps, weightDecay } = PRETRAINING;
  const trainable = [...weights].map(([name, { shape }]) => ({ name, shape }));
  const trained = new TrainedTensors(device, trainable, {
    settings: { kind: "adamw", beta1, beta2, eps },
    weightDecay: (name) => (decays(name) ? weightDecay : 0),
  });
  await trained.allocate();
  return trained;
}

/** A graph per batch shape, compiled on first use. */
function passes(device: Device, architecture: Architecture): (shape: BatchShape) => Promise<GradientPass> {
  const opened = new Map<string, GradientPass>();
  return async (shape) => {
    const key = `${shape.rows} x ${shape.length}`;
    const existing = opened.get(key);
    if (existing) return existing;
    const graph = languageModelGraph(architecture, shape);
    const pass = { session: await device.open(graph, "language-model"), gradients: graph.gradients };
    opened.set(key, pass);
    return pass;
  };
}

/** One optimizer step. @returns the loss before it, nats per token. */
async function trainStep(
  trained: TrainedTensors,
  pass: GradientPass,
  batch: Batch,
  { names, steps }: { names: readonly string[]; steps: number },
): Promise<number> {
  const step = trained.steps;
  const feeds = {
    ...Object.fromEntries(names.map((name) => [name, name])),
    ...batch.feeds,
    dropoutSeed: { dtype: "uint32" as const, shape: [], data: Uint32Array.of(SEED + step) },
  };
  const outputs = await trained.addGradients(pass, feeds, 1);
  await trained.takeStep({ learningRate: learningRate(step, steps), maxGradNorm: PRETRAINING.maxGradNorm });
  return Number(outputs.get("loss")?.data[0]);
}

/** @param config config.json of the model. @param report called after every epoch. @returns the trained weights. */
export async function pretrain(
  config: Record<string, unknown>,
  entries: readonly PackedEntry[],
  report: (line: string) => void,
): Promise<Map<string, Weight>> {
  const architecture = architectureOf(config, "config.json");
  const names = [...architecture.parameters.keys()];
  const device = await openDevice();
  try {
    const trained = await startTraining(device, initialWeights(architecture));
    const passOf = passes(device, architecture);
    const { epochs } = PRETRAINING;
    for (let epoch = 0; epoch < epochs; epoch++) {
      const batches = epochBatches(entries, epoch);
      const started = performance.now();
      let loss = 0;
      for (const batch of batches) {
        const pass = await passOf(batch.shape);
        loss += (await trainStep(trained, pass, batch, { names, steps: epochs * batches.length })) / batches.length;
      }
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      report(`epoch ${epoch + 1}/${epochs}: loss ${loss.toFixed(4)}, ${seconds} s`);
    }
    const tensors = await device.read(names);
    return new Map(tensors.map(({ data, shape }, i) => [names[i], { shape: [...shape], data: data as Float32Array }]));
  } finally {
    await device.dispose();
  }
}
