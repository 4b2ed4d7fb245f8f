/** @file The tensors in training as stored in the device: values, gradients and the optimizer's state, by name. */
import type { Device, HostTensor, Session } from "../engine/runtime/device.ts";
import { accumulate, addScattered, scaleBy } from "../optim/kernels.ts";
import type { StateSpec } from "../optim/optimizer.ts";
import { type OptimizerSettings, stateOf } from "../optim/optimizers.ts";
import { clippedStep } from "./clippedStep.ts";
import { type GradientPart, gradientFetches, type Scattered, scatteredParts } from "./gradientOutputs.ts";
import type { LearnerState, PlainTensor } from "./learnerState.ts";

/** Gradient of all passes since the last step, in the device. */
const accumulated = (name: string) => `gradient of ${name}`;
/** Gradient of one pass other than the first of its step. */
const fresh = (name: string) => `fresh gradient of ${name}`;

export interface OptimizerChoice {
  settings: OptimizerSettings;
  weightDecay: (name: string) => number;
}

/** A compiled graph with {@link GradientPart}s among its outputs. */
export interface GradientPass {
  session: Session;
  gradients: readonly GradientPart[];
}

interface Trained {
  name: string;
  shape: number[];
  weightDecay: number;
  /** By its key; its name in the device and on disk is `KEY.NAME`. */
  state: Record<string, StateSpec>;
}

export class TrainedTensors {
  private readonly device: Device;
  private readonly settings: OptimizerSettings;
  private readonly tensors: Trained[];
  /** Gradients accumulated so far in this step; the first pass writes its own directly into the sum. */
  private summed = 0;
  private hasFresh = false;
  /** Optimizer steps taken. */
  steps = 0;

  constructor(
    device: Device,
    trainable: readonly { name: string; shape: number[] }[],
    { settings, weightDecay }: OptimizerChoice,
  ) {
    this.device = device;
    this.settings = settings;
    this.tensors = trainable.map(({ name, shape }) => {
      return { name, shape, weightDecay: weightDecay(name), state: stateOf({ name, shape }, settings) };
    });
  }

  private floats(rename: (name: string) => string) {
    return this.tensors.map(({ name, shape }) => ({ name: rename(name), dtype: "float32" as const, shape }));
  }

  /** The optimizer's tensors, by their names in the device and on disk. */
  states(): (StateSpec & { name: string })[] {
    return this.tensors.flatMap(({ name, state }) =>
      Object.entries(state).map(([key, tensor]) => ({ name: `${key}.${name}`, ...tensor })),
    );
  }

  /** Allocates gradients and the optimizer's state. */
  async allocate(): Promise<void> {
    await this.device.zeros([...this.states(), ...this.floats(accumulated)]);
  }

  /**
   * Runs a graph and adds `scale` times its gradients to those of this step.
   * @returns its other outputs.
   */
  async addGradients(
    { session, gradients }: GradientPass,
    feeds: Record<string, string | HostTensor>,
    scale: number,
  ): Promise<Map<string, HostTensor>> {
    const isFirst = this.summed === 0;
    if (!isFirst && !this.hasFresh) await this.device.zeros(this.floats(fresh));
    this.hasFresh ||= !isFirst;
    const place = isFirst ? accumulated : fresh;
    const outputs = await session.run(feeds, gradientFetches(gradients, place));
    await this.addScattered(scatteredParts(gradients, place));
    this.summed += 1;
    if (!isFirst) await this.addFresh(scale);
    else if (scale !== 1) await this.scaleFirst(scale);
    return outputs;
  }

  private async addFresh(scale: number): Promise<void> {
    const items = this.tensors.map(({ name }) => {
      return { tensors: { accumulated: accumulated(name), fresh: fresh(name) }, args: { scale } };
    });
    await this.device.applyEach(accumulate, items);
  }

  private async scaleFirst(scale: number): Promise<void> {
    const items = this.tensors.map(({ name }) => ({ tensors: { accumulated: accumulated(name) }, args: { scale } }));
    await this.device.applyEach(scaleBy, items);
  }

  private async addScattered(scattered: readonly Scattered[]): Promise<void> {
    if (scattered.length === 0) return;
    const groups = {
      table: scattered.map(({ table }) => table),
      ids: scattered.map(({ ids }) => ids),
      values: scattered.map(({ values }) => values),
    };
    const places = scattered.map(({ along, isFirst }) => ({ kind: along, isEmpty: isFirst }));
    await this.device.apply(addScattered, groups, { places });
  }

  /** A copy of the gradient accumulated so far. */
  async readGradient(name: string): Promise<Float32Array> {
    const [{ data }] = await this.device.read([accumulated(name)]);
    return data as Float32Array;
  }

  /** Forgets the gradients accumulated so far. */
  clearGradients(): void {
    this.summed = 0;
  }

  /**
   * One optimizer step, by the mean of the gradients of all ranks; clears them. @returns their norm before clipping.
   */
  async takeStep(options: { learningRate: number; maxGradNorm: number }): Promise<number> {
    const step = this.steps + 1;
    const tensors = this.tensors.map(({ name, shape, weightDecay, state: keys }) => {
      const state = Object.fromEntries(Object.keys(keys).map((key) => [key, `${key}.${name}`]));
      return { param: name, grad: accumulated(name), state, shape, weightDecay };
    });
    await this.device.ranks?.allReduce(
      tensors.map(({ grad }) => grad),
      1 / this.device.ranks.world.size,
    );
    const gradNorm = await clippedStep(this.device, tensors, { optimizer: this.settings, step, ...options });
    this.summed = 0;
    if (Number.isFinite(gradNorm)) this.steps = step;
    return gradNorm;
  }

  /** Restores values and state; clears gradients. */
  async write({ weights, optimizer, optimizerStep }: LearnerState): Promise<void> {
    const host = ({ shape, data }: PlainTensor): HostTensor => {
      return { dtype: data instanceof Uint8Array ? "uint8" : "float32", shape, data };
    };
    const names = new Set([...this.tensors, ...this.states()].map(({ name }) => name));
    const given = [...weights, ...optimizer].filter(([name]) => names.has(name)); // not another optimizer's
    await this.device.put(given.map(([name, tensor]): [string, HostTensor] => [name, host(tensor)]));
    this.steps = optimizerStep;
    this.summed = 0;
  }
}
