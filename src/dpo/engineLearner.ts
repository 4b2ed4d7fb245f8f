/** @file The learner on the engine: a few graphs over one set of weights in the device. */
import type { PackedPair, PairLogps } from "../data/preferences/types.ts";
import type { Device, HostTensor, RuntimeInfo } from "../engine/runtime/device.ts";
import { float32 } from "../engine/runtime/hostTensor.ts";
import type { LearnerState, PlainTensor } from "../learner/learnerState.ts";
import { frozenOf, loadAdapterTensors, trainableOf } from "../learner/trainable.ts";
import { TrainedTensors } from "../learner/trainedTensors.ts";
import { findNonFinite } from "../models/findNonFinite.ts";
import { storedNames, storedWeights } from "../models/precision/quantize.ts";
import { accumulateBatch, batchLoss } from "./accumulateBatch.ts";
import type { BatchResult, Learner, PairScores, RewardKind, Role } from "./learner.ts";
import type { LearnerOptions } from "./learnerOptions.ts";
import { needsReference, rewardKind } from "./losses/losses.ts";
import { type Graphs, openGraphs } from "./openGraphs.ts";
import { pairFeeds, readScores } from "./pairFeeds.ts";
import {
  counterpart,
  findNonFiniteReference,
  loadReference,
  mixReference,
  referenceFeeds,
} from "./referenceWeights.ts";

interface LearnerParts {
  graphs: Graphs;
  trained: TrainedTensors;
  runtime: RuntimeInfo;
}

export class EngineLearner implements Learner {
  readonly trainable: ReadonlyArray<{ name: string; shape: number[] }>;
  readonly frozen: Learner["frozen"];
  readonly optimizerState: Learner["optimizerState"];
  readonly runtime: RuntimeInfo;
  private readonly options: LearnerOptions;
  private readonly device: Device;
  private readonly graphs: Graphs;
  private readonly trained: TrainedTensors;
  readonly rewards: RewardKind;

  constructor(options: LearnerOptions, device: Device, parts: LearnerParts) {
    this.options = options;
    this.runtime = parts.runtime;
    this.device = device;
    this.graphs = parts.graphs;
    this.trained = parts.trained;
    this.optimizerState = parts.trained.states();
    this.trainable = trainableOf(options);
    this.frozen = frozenOf(options);
    this.rewards = rewardKind(lossTypes(options));
  }

  /** Every stored weight by its name in the graphs. */
  private weightFeeds(role: Role): Record<string, string> {
    const base = [...storedNames(this.options.model.architecture), "headMean"];
    const names = [...base, ...this.trainable.map(({ name }) => name)];
    const policy = Object.fromEntries(names.map((name) => [name, name]));
    return role === "policy" ? policy : referenceFeeds(this.options, policy);
  }

  /** The weights and pair for a graph of the role. */
  private feeds(role: Role, pair: PackedPair): Record<string, string | HostTensor> {
    return { ...this.weightFeeds(role), ...pairFeeds(pair, this.options.objective.ldAlpha) };
  }

  async score(pair: PackedPair): Promise<PairScores> {
    const outputs = await this.graphs.score.run(this.feeds("policy", pair));
    return readScores(outputs.get("scores")?.data as Float32Array, pair);
  }

  async referenceLogps(pair: PackedPair): Promise<PairLogps> {
    const { referenceSession } = this.graphs;
    if (!referenceSession) throw new Error("internal: these losses have no reference");
    const outputs = await referenceSession.run(this.feeds("reference", pair));
    const logps = outputs.get("logps")?.data as Float32Array;
    return { chosen: logps[0], rejected: logps[1] };
  }

  async lossOf(scores: PairScores[], referenceLogps: PairLogps[] | null): Promise<number> {
    return (await batchLoss(this.graphs.loss, scores, referenceLogps)).loss;
  }

  accumulate(
    pairs: PackedPair[],
    referenceLogps: PairLogps[] | null,
    options: { scale: number; dropoutStep: number },
  ): Promise<BatchResult> {
    const { graphs, trained } = this;
    const { seed, objective, noiseAlpha, model } = this.options;
    const noise = noiseAlpha === undefined ? null : { alpha: noiseAlpha, channels: model.architecture.hiddenSize };
    const weightFeeds = this.weightFeeds("policy");
    const parts = { graphs, trained, weightFeeds, seed, ldAlpha: objective.ldAlpha, noise };
    return accumulateBatch(parts, { pairs, referenceLogps, ...options });
  }

  async step(options: { learningRate: number; maxGradNorm: number }): Promise<{ gradNorm: number }> {
    return { gradNorm: await this.trained.takeStep(options) };
  }

  /** A copy of a trained tensor's gradient, accumulated so far. */
  readGradient(name: string): Promise<Float32Array> {
    return this.trained.readGradient(name);
  }

  /** Forgets the gradients accumulated so far. */
  clearGradients(): void {
    this.trained.clearGradients();
  }

  get optimizerStep(): number {
    return this.trained.steps;
  }

  async readTensor(name: string, role: Role = "policy"): Promise<PlainTensor["data"]> {
    const stored = this.options.adapter?.frozen.get(name) ?? name;
    const [{ data }] = await this.device.read([role === "policy" ? stored : counterpart(this.options, name)]);
    return data instanceof Uint16Array ? new Uint8Array(data.buffer) : (data as PlainTensor["data"]);
  }

  writeState(state: LearnerState): Promise<void> {
    return this.trained.write(state);
  }

  mixReference(alpha: number): Promise<void> {
    return mixReference(this.device, this.options, alpha);
  }

  writeReference(name: string, tensor: { shape: number[]; data: Float32Array }): Promise<void> {
    return this.device.put([[counterpart(this.options, name), float32(tensor)]]);
  }

  async findNonFinite(): Promise<string | undefined> {
    const { adapter, model } = this.options;
    const isFrozen = adapter !== null || this.optimizerStep === 0; // else training itself may have diverged
    const added = this.optimizerStep === 0 && adapter ? this.trainable.map(({ name }) => name) : [];
    const names = [...(isFrozen ? storedWeights(model) : []), ...added];
    const ofPolicy = await findNonFinite(this.device, names, model.weights);
    if (ofPolicy !== undefined) return `the model's ${ofPolicy}`;
    const needsOne = needsReference(lossTypes(this.options));
    const ofReference = needsOne ? await findNonFiniteReference(this.device, this.options) : undefined;
    return ofReference && `the reference model's ${ofReference}`;
  }

  dispose(): Promise<void> {
    return this.device.dispose();
  }
}

const lossTypes = ({ objective }: LearnerOptions) => objective.losses.map(({ type }) => type);

/**
 * Loads the weights and compiles the graphs of a DPO run.
 * The reference is a frozen copy of the trainable weights at the start: for a fresh adapter (lora_B = 0) that is the
 * base model with the adapter off; for an adapter trained before, it is that adapter, as in TRL.
 */
export async function createLearner(options: LearnerOptions, device: Device): Promise<EngineLearner> {
  try {
    await device.load([...options.model.weights]);
    await loadAdapterTensors(device, options);
    await device.ranks?.broadcast(trainableOf(options).map(({ name }) => name)); // machines may round differently
    if (needsReference(lossTypes(options))) await loadReference(device, options);
    const trained = new TrainedTensors(device, trainableOf(options), options.optimizer);
    await trained.allocate();
    const runtime = await device.runtime();
    return new EngineLearner(options, device, { graphs: await openGraphs(device, options), trained, runtime });
  } catch (error) {
    await device.dispose();
    throw error;
  }
}
