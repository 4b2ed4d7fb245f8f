/** @file One optimizer step over tensors in the device: first the norm of all gradients, then each tensor. */
import type { Device } from "../engine/runtime/device.ts";
import { clipScale, jointNorm } from "../optim/clipGradNorm.ts";
import { squares, updateTensor } from "../optim/kernels.ts";
import type { OptimizerSettings } from "../optim/optimizers.ts";

/** A trained tensor by the device names of its parts. */
export interface SteppedTensor {
  param: string;
  grad: string;
  /** By the optimizer's keys. */
  state: Readonly<Record<string, string>>;
  shape: readonly number[];
  weightDecay: number;
}

export interface ClippedStepOptions {
  optimizer: OptimizerSettings;
  /** Number of this step, counted from 1. */
  step: number;
  learningRate: number;
  /** 0 clips nothing. */
  maxGradNorm: number;
}

/** @returns the gradients' norm before clipping; if it is not finite, nothing is changed. */
export async function clippedStep(
  device: Device,
  tensors: readonly SteppedTensor[],
  { optimizer, step, learningRate, maxGradNorm }: ClippedStepOptions,
): Promise<number> {
  const gradients = tensors.map(({ grad }) => ({ tensors: { grad }, args: null }));
  const gradNorm = jointNorm(await device.applyEach(squares, gradients));
  if (!Number.isFinite(gradNorm)) return gradNorm;
  const context = { step, learningRate, gradScale: clipScale(gradNorm, maxGradNorm) };
  const updates = tensors.map(({ param, grad, state, shape, weightDecay }) => {
    return { tensors: { param, grad, ...state }, args: { shape, weightDecay, optimizer, context } };
  });
  await device.applyEach(updateTensor, updates);
  return gradNorm;
}
