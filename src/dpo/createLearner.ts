/** @file The learner on the engine: three graphs over one set of weights in the compute thread. */
import type { PackedPair, PairLogps } from "../data/preferences/types.ts";
import { Device, type HostTensor, type RuntimeInfo, type Session } from "../engine/runtime/device.ts";
import { initLoraA } from "../models/initLora.ts";
import type { LoadedModel } from "../models/loadModel.ts";
import type { LoraAdapter } from "../models/lora.ts";
import type { BatchResult, Learner, LearnerState, PairScores, Role } from "./learner.ts";
import type { LossType } from "./losses.ts";
import { dropoutSeed, float32, pairFeeds, readScores } from "./pairFeeds.ts";
import { headMeanGraph, logpsGraph, lossGraph, type PairGraphOptions, scoreGraph, stepGraph } from "./pairGraphs.ts";

type NamedTensors = ReadonlyMap<string, { shape: number[]; data: Float32Array }>;

export interface LearnerOptions {
  model: LoadedModel;
  /** Null: all parameters are trained. */
  adapter: LoraAdapter | null;
  /** Weights to start the adapter from, by PEFT's keys; absent: PEFT's initialization, drawn with `seed`. */
  adapterWeights?: NamedTensors;
  /** Another model as the reference; absent: a frozen copy of what the trainable weights are at the start. */
  referenceModel?: LoadedModel;
  lossType: LossType;
  beta: number;
  optimizer: { beta1: number; beta2: number; eps: number; weightDecay: (name: string) => number };
  /** Switches on the model's own dropouts and lora_dropout. */
  dropout: boolean;
  seed: number;
}

interface Graphs {
  step: Session;
  score: Session;
  reference: Session;
  loss: Session;
}

const KERNELS = new URL("../optim/kernels.js", import.meta.url).href;
const kernelModule = import.meta.url.endsWith(".ts") ? KERNELS.replace(/\.js$/, ".ts") : KERNELS;
const initial = (name: string) => `initial ${name}`;
const fresh = (name: string) => `fresh gradient of ${name}`;
const accumulated = (name: string) => `gradient of ${name}`;
const expAvg = (name: string) => `exp_avg.${name}`;
const expAvgSq = (name: string) => `exp_avg_sq.${name}`;
const referenceModelName = (name: string) => `reference model ${name}`;

/** Trainable tensors in the order the optimizer goes through them: PEFT's and the model's own. */
function trainableOf({ model, adapter }: LearnerOptions): { name: string; shape: number[] }[] {
  if (!adapter) return [...model.architecture.parameters].map(([name, shape]) => ({ name, shape: [...shape] }));
  return [...adapter.layers.values()].flatMap(({ nameA, nameB, shapeA, shapeB }) => [
    { name: nameA, shape: [...shapeA] },
    { name: nameB, shape: [...shapeB] },
  ]);
}

/** PEFT's start: lora_A drawn, lora_B zero. */
function freshAdapter({ adapter, seed }: LearnerOptions): NamedTensors {
  const weights = new Map<string, { shape: number[]; data: Float32Array }>();
  if (!adapter) return weights;
  const layers = [...adapter.layers.values()];
  const targets = layers.map(({ layer }) => ({
    name: layer.name,
    in_features: layer.inFeatures,
    out_features: layer.outFeatures,
  }));
  const drawn = initLoraA(targets, adapter.r, seed);
  for (const { layer, nameA, nameB, shapeA, shapeB } of layers) {
    weights.set(nameA, { shape: [...shapeA], data: drawn.get(layer.name) as Float32Array });
    weights.set(nameB, { shape: [...shapeB], data: new Float32Array(shapeB[0] * shapeB[1]) });
  }
  return weights;
}

class EngineLearner implements Learner {
  readonly trainable: ReadonlyArray<{ name: string; shape: number[] }>;
  readonly runtime: RuntimeInfo;
  private readonly options: LearnerOptions;
  private readonly device: Device;
  private readonly graphs: Graphs;
  private readonly names: string[];
  private optimizerStep = 0;

  constructor(options: LearnerOptions, device: Device, { graphs, runtime }: { graphs: Graphs; runtime: RuntimeInfo }) {
    this.options = options;
    this.runtime = runtime;
    this.device = device;
    this.graphs = graphs;
    this.trainable = trainableOf(options);
    this.names = this.trainable.map(({ name }) => name);
  }

  /** Every stored weight by the name the graphs know it by. */
  private weightFeeds(role: Role): Record<string, string> {
    const { model, referenceModel } = this.options;
    if (role === "reference" && referenceModel) {
      const names = [...referenceModel.architecture.parameters.keys()];
      return Object.fromEntries(names.map((name) => [name, referenceModelName(name)]));
    }
    const base = [...model.architecture.parameters.keys(), "headMean"].map((name) => [name, name]);
    const trained = this.names.map((name) => [name, role === "reference" ? initial(name) : name]);
    return Object.fromEntries([...base, ...trained]);
  }

  async score(pair: PackedPair): Promise<PairScores> {
    const outputs = await this.graphs.score.run({ ...this.weightFeeds("policy"), ...pairFeeds(pair) });
    return readScores(outputs.get("scores")?.data as Float32Array, pair);
  }

  async referenceLogps(pair: PackedPair): Promise<PairLogps> {
    const outputs = await this.graphs.reference.run({ ...this.weightFeeds("reference"), ...pairFeeds(pair) });
    const logps = outputs.get("logps")?.data as Float32Array;
    return { chosen: logps[0], rejected: logps[1] };
  }

  async lossOf(scores: PairScores[], reference: PairLogps[]): Promise<number> {
    const ratios = (side: "chosen" | "rejected") =>
      float32({
        shape: [scores.length],
        data: Float32Array.from(scores, ({ logps }, i) => logps[side] - reference[i][side]),
      });
    const outputs = await this.graphs.loss.run({ chosen: ratios("chosen"), rejected: ratios("rejected") });
    return Number(outputs.get("loss")?.data[0]);
  }

  async accumulate(
    batch: PackedPair[],
    reference: PairLogps[],
    { scale, dropoutStep }: { scale: number; dropoutStep: number },
  ): Promise<BatchResult> {
    const { seed } = this.options;
    const scores: PairScores[] = [];
    let lossSum = 0;
    const gradients = Object.fromEntries(this.names.map((name) => [`grad.${name}`, { into: fresh(name) }]));
    // one pair at a time: batch 8 costs eight times the time and once the memory of batch 1
    for (const [i, pair] of batch.entries()) {
      const { chosen, rejected } = reference[i];
      const feeds = {
        ...this.weightFeeds("policy"),
        ...pairFeeds(pair),
        referenceChosen: float32({ shape: [1], data: Float32Array.of(chosen) }),
        referenceRejected: float32({ shape: [1], data: Float32Array.of(rejected) }),
        dropoutSeed: dropoutSeed(seed, dropoutStep, i),
      };
      const outputs = await this.graphs.step.run(feeds, gradients);
      lossSum += Number(outputs.get("loss")?.data[0]);
      scores.push(readScores(outputs.get("scores")?.data as Float32Array, pair));
      const groups = { accumulated: this.names.map(accumulated), fresh: this.names.map(fresh) };
      await this.device.apply(kernelModule, "accumulate", groups, { scale: scale / batch.length });
    }
    return { loss: lossSum / batch.length, scores };
  }

  async step({
    learningRate,
    maxGradNorm,
  }: {
    learningRate: number;
    maxGradNorm: number;
  }): Promise<{ gradNorm: number }> {
    const { names } = this;
    const groups = {
      param: names,
      grad: names.map(accumulated),
      expAvg: names.map(expAvg),
      expAvgSq: names.map(expAvgSq),
    };
    const { weightDecay, ...adamw } = this.options.optimizer;
    const step = this.optimizerStep + 1;
    const args = { ...adamw, learningRate, maxGradNorm, step, weightDecay: names.map(weightDecay) };
    const gradNorm = await this.device.apply<number>(kernelModule, "clipAndAdamw", groups, args);
    if (Number.isFinite(gradNorm)) this.optimizerStep = step;
    return { gradNorm };
  }

  async readState(): Promise<LearnerState> {
    const read = async (rename: (name: string) => string) => {
      const tensors = await this.device.read(this.names.map(rename));
      return tensors.map(({ shape, data }, i): [string, { shape: number[]; data: Float32Array }] => [
        rename(this.names[i]),
        { shape: [...shape], data: data as Float32Array },
      ]);
    };
    const weights = new Map(await read((name) => name));
    const optimizer = new Map([...(await read(expAvg)), ...(await read(expAvgSq))]);
    return { weights, optimizer, optimizerStep: this.optimizerStep };
  }

  async writeState(state: LearnerState): Promise<void> {
    const tensors = [...state.weights, ...state.optimizer].map(([name, tensor]): [string, HostTensor] => [
      name,
      float32(tensor),
    ]);
    await this.device.put(tensors);
    this.optimizerStep = state.optimizerStep;
    await zeroGradients(this.device, this.trainable);
  }

  dispose(): Promise<void> {
    return this.device.dispose();
  }
}

function zeros(
  names: readonly { name: string; shape: number[] }[],
  rename: (name: string) => string,
): [string, HostTensor][] {
  return names.map(({ name, shape }) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    return [rename(name), float32({ shape, data })];
  });
}

function zeroGradients(device: Device, trainable: readonly { name: string; shape: number[] }[]): Promise<void> {
  return device.put([...zeros(trainable, accumulated), ...zeros(trainable, fresh)]);
}

/** Puts the model, the trainable tensors, the reference and empty optimizer state into the device. */
async function loadWeights(device: Device, options: LearnerOptions): Promise<void> {
  const { model, adapter, referenceModel } = options;
  await device.load([...model.weights]);
  if (adapter) {
    const start = options.adapterWeights ?? freshAdapter(options);
    await device.put([...start].map(([name, tensor]) => [name, float32(tensor)]));
  }
  const trainable = trainableOf(options);
  if (referenceModel)
    await device.load([...referenceModel.weights].map(([name, range]) => [referenceModelName(name), range]));
  else await device.copy(trainable.map(({ name }) => [name, initial(name)]));
  await device.put([...zeros(trainable, expAvg), ...zeros(trainable, expAvgSq)]);
  await zeroGradients(device, trainable);
}

async function openGraphs(device: Device, options: LearnerOptions): Promise<Graphs> {
  const { model, adapter, referenceModel, lossType, beta, dropout } = options;
  const { architecture } = model;
  const policy: PairGraphOptions = { architecture, adapter, frozenHead: adapter !== null };
  const trainable = trainableOf(options).map(({ name }) => name);
  const other = referenceModel && { architecture: referenceModel.architecture, adapter: null, frozenHead: true };
  if (policy.frozenHead) {
    const mean = await device.open(headMeanGraph(architecture));
    await mean.run({ [architecture.head]: architecture.head }, { headMean: { store: "headMean" } });
    await mean.release();
  }
  return {
    step: await device.open(stepGraph({ ...policy, lossType, beta, dropout, trainable })),
    score: await device.open(scoreGraph(policy)),
    reference: await device.open(logpsGraph(other ?? policy)),
    loss: await device.open(lossGraph({ lossType, beta })),
  };
}

/**
 * Loads the weights and compiles the graphs of a DPO run.
 * The reference is a frozen copy of the trainable weights at the start: for a fresh adapter (lora_B = 0) that is the
 * base model with the adapter off, for an adapter that was trained before, that adapter, as in TRL.
 */
export async function createLearner(options: LearnerOptions): Promise<Learner & { readonly runtime: RuntimeInfo }> {
  const device = new Device();
  try {
    await loadWeights(device, options);
    const runtime = await device.runtime();
    return new EngineLearner(options, device, { graphs: await openGraphs(device, options), runtime });
  } catch (error) {
    await device.dispose();
    throw error;
  }
}
