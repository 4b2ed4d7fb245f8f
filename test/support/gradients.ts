/** @file A gradient whole again from the outputs that a step graph gives of it. */
import type { HostTensor } from "../../src/engine/runtime/device.ts";
import { addScattered } from "../../src/optim/kernels.ts";

/** @param outputs of a run; see `gradientOutputs`. */
export function wholeGradient(outputs: ReadonlyMap<string, HostTensor>, name: string, size: number): Float32Array {
  const table = new Float32Array(size);
  for (const [output, { shape, data }] of outputs) {
    const [, found, start = "0"] = /^grad\.(.*?)(?:#(\d+):\d+)?$/.exec(output) ?? [];
    if (found === name) table.set(data as Float32Array, Number(start) * (data.length / shape[0]));
  }
  for (let k = 0; outputs.has(`ids.${name}.${k}`); k++) {
    const kind = outputs.has(`rows.${name}.${k}`) ? "rows" : "columns";
    const [values, ids] = [kind, "ids"].map((each) => outputs.get(`${each}.${name}.${k}`)!.data);
    const tensors = { table: [table], ids: [ids as Int32Array], values: [values as Float32Array] };
    addScattered(tensors, { places: [{ kind, isEmpty: false }] });
  }
  return table;
}
