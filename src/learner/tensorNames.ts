/** @file Names under which the compute thread holds what belongs to a trained tensor. */

const KERNELS = new URL("../optim/kernels.js", import.meta.url).href;
/** The optimizer's kernels, as the compute thread loads them. */
export const kernelModule = import.meta.url.endsWith(".ts") ? KERNELS.replace(/\.js$/, ".ts") : KERNELS;

/** The tensor as it was before the first step. */
export const initial = (name: string) => `initial ${name}`;
/** Gradient of one pair that is not the first of its step. */
export const fresh = (name: string) => `fresh gradient of ${name}`;
/** Gradient of all pairs since the last step. */
export const accumulated = (name: string) => `gradient of ${name}`;
/** A weight of the reference, where that is another model. */
export const referenceModelName = (name: string) => `reference model ${name}`;
