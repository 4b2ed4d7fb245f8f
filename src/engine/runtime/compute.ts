/** @file Runs a graph once: opens it, runs it, releases it. */
import type { Tensor } from "../graph/tensor.ts";
import { lowerGraph } from "../onnx/lower.ts";
import type { Device, Fetch, HostTensor } from "./device.ts";

export interface ComputeOptions {
  /** As in Session.run; an omitted input is the stored tensor of that name. */
  feeds?: Record<string, string | HostTensor>;
  /** By output name: where it goes; omitted outputs are returned. */
  fetches?: Record<string, Fetch>;
}

/** @param name as in Device.open. @returns the outputs that are not stored. */
export async function compute(
  device: Device,
  name: string,
  outputs: Readonly<Record<string, Tensor>>,
  { feeds = {}, fetches = {} }: ComputeOptions = {},
): Promise<Map<string, HostTensor>> {
  const graph = lowerGraph(outputs);
  const stored = Object.fromEntries(graph.inputs.map(({ of }) => [of, of]));
  const session = await device.open(graph, name);
  try {
    return await session.run({ ...stored, ...feeds }, fetches);
  } finally {
    await session.release();
  }
}
