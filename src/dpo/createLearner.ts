/** @file The learner on the engine: a few graphs over one set of weights in the compute thread. */
import type { PackedPair, PairLogps } from "../data/preferences/types.ts";
import { Device, type HostTensor, type RuntimeInfo } from "../engine/runtime/device.ts";
import { accumulateBatch } from "./accumulateBatch.ts";
import type { BatchResult, Learner, LearnerState, PairScores, Role } from "./learner.ts";
import type { LearnerOptions } from "./learnerOptions.ts";
import { loadWeights, zeroGradients } from "./loadWeights.ts";
import { type Graphs, openGraphs } from "./openGraphs.ts";
import { float32, pairFeeds, readScores } from "./pairFeeds.ts";
import { accumulated, expAvg, expAvgSq, initial, kernelModule, referenceModelName } from "./tensorNames.ts";
import { trainableOf } from "./trainable.ts";

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

  accumulate(
    pairs: PackedPair[],
    reference: PairLogps[],
    options: { scale: number; dropoutStep: number },
  ): Promise<BatchResult> {
    const { device, names } = this;
    const weightFeeds = this.weightFeeds("policy");
    const parts = { device, step: this.graphs.step, names, weightFeeds, seed: this.options.seed };
    return accumulateBatch(parts, { pairs, reference, ...options });
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
