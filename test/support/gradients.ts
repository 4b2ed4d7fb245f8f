/** @file Reassembles a gradient from the parts in the outputs of a step graph. */
import type { HostTensor } from "../../src/engine/runtime/device.ts";
import { type GradientGraph, scatteredParts } from "../../src/learner/gradientOutputs.ts";
import { addScattered } from "../../src/optim/kernels.ts";

/** @param outputs of a run of the graph. */
export function wholeGradient(
  { gradients }: GradientGraph,
  outputs: ReadonlyMap<string, HostTensor>,
  { tensor, size }: { tensor: string; size: number },
): Float32Array {
  const table = new Float32Array(size);
  const parts = gradients.filter((part) => part.tensor === tensor);
  for (const part of parts) {
    if (part.kind === "scattered") continue;
    const { shape, data } = outputs.get(part.output)!;
    const start = part.kind === "slice" ? part.rows[0] : 0;
    table.set(data as Float32Array, start * (data.length / shape[0]));
  }
  for (const { ids, values, along } of scatteredParts(parts, (name) => name)) {
    const [at, added] = [outputs.get(ids)!.data, outputs.get(values)!.data];
    const tensors = { table: [table], ids: [at as Int32Array], values: [added as Float32Array] };
    addScattered.run(tensors, { places: [{ kind: along, isEmpty: false }] });
  }
  return table;
}
