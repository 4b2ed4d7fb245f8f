/** @file Log-probabilities under the reference model: computed on first sight of a pair, kept for all later epochs. */
import type { PackedPair, PairLogps } from "../../data/preferences/types.ts";
import type { Learner } from "../../dpo/learner.ts";

export interface ReferenceLogps {
  /** Two numbers a pair (chosen, rejected) at [2 * index], NaN where not computed yet; goes into checkpoints. */
  readonly values: Float64Array;
  /** Of these pairs, in their order; computes what is missing. Cost of a missing one: a forward pass. */
  of(pairs: readonly PackedPair[]): Promise<PairLogps[]>;
  /** Nothing is known any more: the reference has changed. */
  forget(): void;
}

/**
 * @param rows pairs in the split.
 * @param saved values of a checkpoint, to go on with.
 */
export function createReferenceLogps(
  learner: Pick<Learner, "referenceLogps">,
  rows: number,
  saved?: Float64Array,
): ReferenceLogps {
  const values = saved ? Float64Array.from(saved) : new Float64Array(2 * rows).fill(Number.NaN);
  if (values.length !== 2 * rows) throw new Error(`internal: ${values.length / 2} reference pairs for ${rows} rows`);
  const ofPair = async (pair: PackedPair): Promise<PairLogps> => {
    const at = 2 * pair.index;
    if (Number.isNaN(values[at])) {
      const logps = await learner.referenceLogps(pair);
      values[at] = logps.chosen;
      values[at + 1] = logps.rejected;
    }
    return { chosen: values[at], rejected: values[at + 1] };
  };
  return {
    values,
    forget: () => void values.fill(Number.NaN),
    async of(pairs) {
      const logps: PairLogps[] = [];
      for (const pair of pairs) logps.push(await ofPair(pair));
      return logps;
    },
  };
}

/** Null where no loss uses a reference: then no pass of the reference is made. */
export async function referenceFor(
  { rewards }: Pick<Learner, "rewards">,
  { reference }: { reference: ReferenceLogps },
  pairs: readonly PackedPair[],
): Promise<PairLogps[] | null> {
  return rewards === "logratios" ? reference.of(pairs) : null;
}
