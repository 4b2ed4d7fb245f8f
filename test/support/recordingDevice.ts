/**
 * @file A device that computes nothing and records the graphs that are opened on it, so that tests get them from the
 * code that opens them in a run. It takes the place of src/engine/runtime/device.ts: `vi.mock(PATH, () => ...)`.
 */
import type { LoweredGraph } from "../../src/engine/onnx/lower.ts";
import type { Device as RealDevice, Session } from "../../src/engine/runtime/device.ts";

let opened: LoweredGraph[] = [];

/** The graphs that `run` opens, on any device, in order. */
export async function graphsOpenedBy(run: () => Promise<unknown>): Promise<LoweredGraph[]> {
  opened = [];
  await run();
  return opened;
}

type Recorded = { [K in keyof RealDevice]: RealDevice[K] };

class Device implements Recorded {
  async open(graph: LoweredGraph): Promise<Session> {
    opened.push(graph);
    const session: Pick<Session, "run" | "release"> = { run: async () => new Map(), release: async () => {} };
    return session as Session;
  }
  runtime = async () => ({ kind: "native" as const, version: "none", notice: null });
  read = async () => [];
  load = async () => {};
  put = async () => {};
  zeros = async () => {};
  copy = async () => {};
  free = async () => {};
  apply = async <T>() => undefined as T;
  applyEach = async () => [];
  dispose = async () => {};
}

/** What stands in for the module. */
export const recordingModule = { Device };
