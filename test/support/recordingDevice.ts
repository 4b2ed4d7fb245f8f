/**
 * @file A device that computes nothing and records the graphs opened on it, so that tests get them from the same code
 * that opens them in a run.
 */
import type { LoweredGraph } from "../../src/engine/onnx/lower.ts";
import type { Device, Session } from "../../src/engine/runtime/device.ts";

/** The graphs opened by `run`, in order. */
export async function graphsOpenedBy(run: (device: Device) => Promise<unknown>): Promise<LoweredGraph[]> {
  const opened: LoweredGraph[] = [];
  await run(new RecordingDevice(opened));
  return opened;
}

class RecordingDevice implements Device {
  private readonly opened: LoweredGraph[];

  constructor(opened: LoweredGraph[]) {
    this.opened = opened;
  }

  async open(graph: LoweredGraph): Promise<Session> {
    this.opened.push(graph);
    return { run: async () => new Map(), release: async () => {} };
  }
  holdsWeights = async () => false;
  runtime = async () => ({ kind: "native" as const, version: "none", notice: null });
  read = async () => [];
  load = async () => {};
  put = async () => {};
  zeros = async () => {};
  copy = async () => {};
  free = async () => {};
  apply = async <R>() => undefined as R;
  applyEach = async () => [];
  dispose = async () => {};
}
