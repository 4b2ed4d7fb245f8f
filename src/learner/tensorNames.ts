/** @file Names under which the compute thread holds what belongs to a trained tensor. */

const KERNELS = new URL("../optim/kernels.js", import.meta.url).href;
/** The optimizer's kernels, as the compute thread loads them. */
export const kernelModule = import.meta.url.endsWith(".ts") ? KERNELS.replace(/\.js$/, ".ts") : KERNELS;

/** The tensor as it was before the first step. */
export const initial = (name: string) => `initial ${name}`;
/** A weight of the reference, where that is another model. */
export const referenceModelName = (name: string) => `reference model ${name}`;
