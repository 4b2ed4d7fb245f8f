/** @file Ranks of a job in one process, for what they tell each other. */
import type { DeviceRanks } from "../../src/engine/runtime/device.ts";

/** One per rank: a call is answered once all of them have made one. */
export function fakeRanks(size: number): DeviceRanks[] {
  let calls: { own: Float64Array; done: (all: Float64Array) => void }[] = [];
  const byRank: (typeof calls)[0][] = [];
  const gather = (rank: number, own: Float64Array) =>
    new Promise<Float64Array>((done) => {
      byRank[rank] = { own, done };
      calls.push(byRank[rank]);
      if (calls.length < size) return;
      const all = Float64Array.from(byRank.flatMap((call) => [...call.own]));
      calls = [];
      for (const call of [...byRank]) call.done(all.slice());
    });
  const absent = () => Promise.reject(new Error("internal: the ranks have no tensors"));
  const share = async (rank: number, bytes: Uint8Array | null) => {
    const [length] = await gather(rank, Float64Array.of(bytes?.length ?? 0));
    const all = await gather(rank, Float64Array.from(bytes ?? new Uint8Array(length)));
    return Uint8Array.from(all.subarray(0, length));
  };
  return Array.from({ length: size }, (_, rank) => ({
    world: { rank, size, localRank: rank, localSize: size, machines: 1, processors: 1, library: "none" },
    gather: (own) => gather(rank, own),
    allReduce: absent,
    broadcast: absent,
    share: (bytes) => share(rank, bytes),
    fail: async (error) => error,
  }));
}
