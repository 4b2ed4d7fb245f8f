/**
 * @file The pairs that a run has trained on, as a hash: a row that stopped a run may be repaired in its file, and rows
 * that were not reached may be edited, before the run is resumed. Of the first epoch alone: after it, all were reached.
 */
import type { Fingerprint } from "../checkpoints/fingerprint.ts";
import type { PackedPair } from "../data/preferences/types.ts";
import { Sha256 } from "../formats/sha256.ts";
import { turnTaker } from "../host.ts";
import type { LoopState } from "./loopState.ts";
import { batchesOf, positionAfter, rowsOf } from "./plan.ts";
import type { Run } from "./run.ts";

const encoder = new TextEncoder();

/** @param before the hash of the steps before; "" for none. @param pairs of a step, in order. */
function hashOfStep(before: string, pairs: readonly PackedPair[]): string {
  const hash = new Sha256().update(encoder.encode(before));
  for (const { tokens, sharedLength, chosenLength, chosenTargets, winRates } of pairs) {
    hash.update(Int32Array.of(tokens.length, sharedLength, chosenLength, chosenTargets)).update(tokens);
    if (winRates) hash.update(Float64Array.of(winRates.chosen, winRates.rejected));
  }
  return hash.hex();
}

/** The hash after another step; of ranks, of which each has pairs of its own, there is none. */
export function hashAfter({ plan, loop }: Run, epoch: number, pairs: readonly PackedPair[]): string {
  const before = loop.progress.givenHash;
  if (plan.ranks > 1) return "";
  return epoch === 0 ? hashOfStep(before, pairs) : before;
}

/**
 * Whether train_dataset differs from the checkpoint's in pairs alone that the run has not come to.
 * @param at the checkpoint's step and state.
 */
export async function isSameSoFar(
  run: Run,
  saved: Fingerprint,
  { step, loop }: { step: number; loop: LoopState },
): Promise<boolean> {
  const { plan, train, order, fingerprint, args } = run;
  const [before, now] = [saved, fingerprint].map(({ data }) => String(data.train_dataset));
  const { givenHash, skippedSteps } = loop.progress;
  const isComparable = plan.ranks === 1 && (saved.ranks ?? 1) === 1 && !args.ignore_data_skip && train.pairs.length > 0;
  if (before === now || givenHash === "" || !isComparable || tokenizerOf(before) !== tokenizerOf(now)) return false;
  if (skippedSteps !== 0 || step > plan.stepsPerEpoch || train.pairs.hasMore) return false;
  let hash = "";
  const turn = turnTaker();
  for (let done = 0; done < step; done++) {
    const position = positionAfter(plan, done);
    const rows = batchesOf(plan, position).flatMap((batch) => rowsOf(plan, batch, order(0)));
    hash = hashOfStep(hash, await train.pairs.pairs(rows));
    await turn();
  }
  return hash === givenHash;
}

/** Where the identity of the pairs is that of their texts, it names the tokenizer. */
const tokenizerOf = (identity: string) => /, tokenizer \w+$/.exec(identity)?.[0];
