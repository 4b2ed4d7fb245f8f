/**
 * @file All kernels there are. Each stands beside what it belongs to; this table is the one place that knows them all,
 * and every program that computes is given it by its entry (thread.ts). So the engine imports no optimizer and no
 * model, and the optimizers know nothing of threads.
 */
import { kernelTable } from "../engine/runtime/kernels.ts";
import { pickRows } from "../engine/runtime/pickRows.ts";
import { pissa } from "../models/adapters/pissaKernel.ts";
import { accumulate, addScattered, mix, scaleBy, squares, updateTensor } from "../optim/kernels.ts";

export const kernels = kernelTable([accumulate, scaleBy, addScattered, mix, squares, updateTensor, pissa, pickRows]);
