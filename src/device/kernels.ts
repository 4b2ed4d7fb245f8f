/**
 * @file The table of all kernels. Each kernel is next to the code it belongs to; only this table knows them all, and
 * the entry of every program that computes (thread.ts) passes it on. So the engine imports no optimizer and no model,
 * and the optimizers know nothing of threads.
 */
import { composeRows } from "../engine/runtime/composeRows.ts";
import { kernelTable } from "../engine/runtime/kernels.ts";
import { pickRows } from "../engine/runtime/pickRows.ts";
import { pissa } from "../models/adapters/pissaKernel.ts";
import { accumulate, addScattered, mix, scaleBy, squares, updateTensor } from "../optim/kernels.ts";

export const kernels = kernelTable([
  accumulate,
  scaleBy,
  addScattered,
  mix,
  squares,
  updateTensor,
  pissa,
  pickRows,
  composeRows,
]);
