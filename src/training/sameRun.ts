/** @file The ranks of a job must train one run: they compare what they were given, before it decides anything. */
import { differences } from "../checkpoints/fingerprint.ts";
import type { DeviceRanks } from "../engine/runtime/device.ts";
import { PrefineError } from "../errors.ts";
import { checkShards } from "./checkOptions.ts";
import type { RunParts } from "./run.ts";

/** Data and models, once they have been read; the weights by one rank of each computer. */
export async function compareRanks(ranks: DeviceRanks, parts: RunParts): Promise<void> {
  const { args, train, fingerprint, weights, observer } = parts;
  checkShards(args, { isStream: train.length === Number.POSITIVE_INFINITY });
  observer.status("comparing the ranks");
  const { data, objective, models } = fingerprint;
  await refuseOtherRuns(ranks, { ...data, ...objective, ...models });
  const hashes = ranks.world.localRank === 0 ? ((await weights?.()) ?? {}) : null;
  await refuseOtherRuns(ranks, hashes && { "weights of": hashes });
  observer.status(undefined);
}

/** Characters of what differs; the rest is cut off. */
const LONGEST = 400;

/**
 * All ranks call it together. @param own values of this rank, as JSON holds them; null: another rank has the same.
 * @throws PrefineError("config") on all ranks if those of one differ from rank 0's; it names the first such rank.
 */
export async function refuseOtherRuns(ranks: DeviceRanks, own: Record<string, unknown> | null): Promise<void> {
  const { rank, size } = ranks.world;
  const bytes = await ranks.share(rank === 0 ? new TextEncoder().encode(JSON.stringify(own)) : null);
  const first = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  const text = own ? differences(first, JSON.parse(JSON.stringify(own))).join("; ") : "";
  const numbers = new Float64Array(LONGEST);
  for (let i = 0; i < Math.min(LONGEST, text.length); i++) numbers[i] = text.charCodeAt(i);
  const all = await ranks.gather(numbers);
  for (let other = 1; other < size; other++) {
    const codes = all.subarray(other * LONGEST, (other + 1) * LONGEST);
    if (codes[0] === 0) continue;
    const found = String.fromCharCode(...codes).replaceAll("\0", "");
    const message = `expected the same run on all ranks, found (rank 0 -> rank ${other}) ${found}`;
    throw new PrefineError("config", message, "Give all computers the same prefine, run file, model and data.");
  }
}
