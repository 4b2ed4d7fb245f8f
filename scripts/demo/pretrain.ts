/** @file Trains GPT-2's architecture from scratch on the entries with prefine's engine. */

import { Device, type HostTensor, type Session } from "../../src/engine/runtime/device.ts";
import { clippedStep } from "../../src/learner/clippedStep.ts";
import { architectureOf } from "../../src/models/families/architectures.ts";
import type { Architecture } from "../../src/models/network.ts";
import { decays } from "../../src/optim/weightDecay.ts";
import { Mt19937 } from "../../src/random.ts";
import { type Batch, epochBatches, type PackedEntry } from "./batches.ts";
import { languageModelGraph } from "./languageModel.ts";
import { PRETRAINING, SEED } from "./settings.ts";

/** Standard deviation of GPT-2's first weights. */
const INITIAL_DEVIATION = 0.02;

export interface Weight {
  shape: number[];
  data: Float32Array;
}

/** GPT-2's initialization: normal weights, those that write into the residual stream smaller, biases 0, norms 1. */
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

/** Linear warm-up, then half a cosine down to nearly nothing. @param step counted from 0. */
function learningRate(step: number, steps: number): number {
  const { learningRate: peak, warmupSteps } = PRETRAINING;
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  const share = (step - warmupSteps) / (steps - warmupSteps);
  return peak * (0.01 + 0.495 * (1 + Math.cos(Math.PI * share)));
}

const NAMES = { expAvg: (name: string) => `exp_avg.${name}`, expAvgSq: (name: string) => `exp_avg_sq.${name}` };
const gradientOf = (name: string) => `gradient of ${name}`;

async function fillDevice(device: Device, weights: ReadonlyMap<string, Weight>): Promise<void> {
  const tensors: [string, HostTensor][] = [];
  for (const [name, { shape, data }] of weights) {
    tensors.push([name, { dtype: "float32", shape, data }]);
    for (const other of [gradientOf(name), NAMES.expAvg(name), NAMES.expAvgSq(name)]) {
      tensors.push([other, { dtype: "float32", shape, data: new Float32Array(data.length) }]);
    }
  }
  await device.put(tensors);
}

/** One optimizer step. @returns the loss before it, nats a token. */
async function trainStep(
  device: Device,
  session: Session,
  batch: Batch,
  at: { step: number; steps: number; names: string[] },
) {
  const { names, step, steps } = at;
  const feeds = {
    ...Object.fromEntries(names.map((name) => [name, name])),
    ...batch.feeds,
    dropoutSeed: { dtype: "uint32" as const, shape: [], data: Uint32Array.of(SEED + step) },
  };
  const fetches = Object.fromEntries(names.map((name) => [`grad.${name}`, { into: gradientOf(name) }]));
  const outputs = await session.run(feeds, fetches);
  const { beta1, beta2, eps, maxGradNorm, weightDecay } = PRETRAINING;
  const tensors = names.map((name) => ({
    param: name,
    grad: gradientOf(name),
    state: { exp_avg: NAMES.expAvg(name), exp_avg_sq: NAMES.expAvgSq(name) },
    shape: [], // AdamW needs none
    weightDecay: decays(name) ? weightDecay : 0,
  }));
  await clippedStep(device, tensors, {
    optimizer: { kind: "adamw", beta1, beta2, eps },
    step: step + 1,
    learningRate: learningRate(step, steps),
    maxGradNorm,
  });
  return Number(outputs.get("loss")?.data[0]);
}

/** @param config config.json of the model. @param report hears of every epoch. @returns the trained weights. */
export async function pretrain(
  config: Record<string, unknown>,
  entries: readonly PackedEntry[],
  report: (line: string) => void,
): Promise<Map<string, Weight>> {
  const architecture = architectureOf(config, "config.json");
  const names = [...architecture.parameters.keys()];
  const device = new Device();
  const sessions = new Map<string, Session>();
  try {
    await fillDevice(device, initialWeights(architecture));
    const { epochs } = PRETRAINING;
    let step = 0;
    for (let epoch = 0; epoch < epochs; epoch++) {
      const batches = epochBatches(entries, epoch);
      const started = performance.now();
      let loss = 0;
      for (const batch of batches) {
        const key = `${batch.shape.rows} x ${batch.shape.length}`;
        const session = sessions.get(key) ?? (await device.open(languageModelGraph(architecture, batch.shape)));
        sessions.set(key, session);
        loss +=
          (await trainStep(device, session, batch, { step, steps: epochs * batches.length, names })) / batches.length;
        step++;
      }
      report(
        `epoch ${epoch + 1}/${epochs}: loss ${loss.toFixed(4)}, ${((performance.now() - started) / 1000).toFixed(1)} s`,
      );
    }
    const tensors = await device.read(names);
    return new Map(tensors.map(({ data, shape }, i) => [names[i], { shape: [...shape], data: data as Float32Array }]));
  } finally {
    await device.dispose();
  }
}
