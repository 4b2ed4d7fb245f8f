/** @file What each rank of a job works with: rank 0's storage, a share of the machine's memory, turns at loading. */
import { availableMemory, refuseBeyondMemory } from "../device/memory.ts";
import type { Storage } from "../disk/storage.ts";
import type { DeviceRanks } from "../engine/runtime/device.ts";
import { smallest } from "../lists.ts";
import { shareCalls } from "./shareCalls.ts";
import { sharedStorage } from "./sharedStorage.ts";

type Demand = Parameters<typeof refuseBeyondMemory>[0];

export interface JobPlatform {
  storage: Storage;
  memory: { available(): number; refuseBeyond(demand: Demand): void };
  /** Runs work that fills caches (downloads) on one rank of each machine first; the others then find them filled. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  /** Rank 0's result of work that only it does. */
  onFirst(name: string, work: () => Promise<string>): Promise<string>;
}

/** All ranks call it together, before they take memory. */
export async function openJobPlatform(ranks: DeviceRanks, storage: Storage): Promise<JobPlatform> {
  const { rank, localRank, localSize } = ranks.world;
  const share = shareCalls(ranks);
  const available = smallest(await ranks.gather(Float64Array.of(availableMemory() / localSize)));
  const where = localSize > 1 ? ` on each of ${localSize} ranks of a machine` : "";
  return {
    storage: sharedStorage(storage, share, rank === 0),
    memory: {
      available: () => available,
      refuseBeyond: (demand) => refuseBeyondMemory({ ...demand, what: `${demand.what}${where}` }, available),
    },
    async inTurn(work) {
      const own = localRank === 0 ? work() : undefined;
      await own?.catch(() => {}); // the others meet the same error, or none: this rank reports it below
      await ranks.gather(new Float64Array(1));
      return own ?? work();
    },
    onFirst: share,
  };
}
