/** @file Checks that policy and reference agree before the first step, unless the reference is another model. */
import type { PackedPair, PairLogps } from "../../data/preferences/types.ts";
import type { PairScores } from "../../dpo/learner.ts";
import { PrefineError } from "../../errors.ts";
import { nameRows, type Run } from "../run.ts";

/**
 * Relative to a log-probability. The same ops on the same weights give the same bits, which is checked first; a cache
 * from another machine, or another batching, sums hundreds of float32 terms in another order and differs by about 1e-6.
 * Other weights differ by far more.
 */
const TOLERANCE = 1e-5;

/**
 * Checks the first batch of a run whose weights are still unchanged.
 * @param both.scores from the training pass; if they differ because of dropout, the pair is scored again without it.
 *   Cost: nothing without dropout, else a forward pass per pair.
 * @throws PrefineError("training") when a pair's log-probabilities differ between policy and reference.
 */
export async function checkTie(run: Run, pairs: PackedPair[], both: { scores: PairScores[]; reference: PairLogps[] }) {
  if (!run.isUntouched || !run.referenceFacts?.tiesAtStart) return;
  for (const [i, pair] of pairs.entries()) {
    const reference = both.reference[i];
    if (isTie(both.scores[i].logps, reference, 0)) continue;
    const { logps } = await run.learner.score(pair);
    if (isTie(logps, reference, TOLERANCE)) continue;
    const expected = `expected the same log-probabilities of policy and reference (${run.referenceFacts.description})`;
    const actual = `${nameRows(run.train.pairs, [pair])} has ${shown(logps)} and ${shown(reference)}`;
    const hint = "If the reference's were precomputed, try precompute_ref_cache: false; else this is a bug in prefine.";
    throw new PrefineError("training", `before the first step: ${expected}, found ${actual}`, hint);
  }
}

function isTie(a: PairLogps, b: PairLogps, tolerance: number): boolean {
  const near = (x: number, y: number) => Math.abs(x - y) <= tolerance * Math.max(1, Math.abs(y));
  return near(a.chosen, b.chosen) && near(a.rejected, b.rejected);
}

const shown = ({ chosen, rejected }: PairLogps) => `chosen ${chosen}, rejected ${rejected}`;
