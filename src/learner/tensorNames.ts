/** @file Where the compute thread finds the optimizer's kernels. */

const KERNELS = new URL("../optim/kernels.js", import.meta.url).href;
/** The optimizer's kernels, as the compute thread loads them. */
export const kernelModule = import.meta.url.endsWith(".ts") ? KERNELS.replace(/\.js$/, ".ts") : KERNELS;
