/** @file Log-probabilities under the reference model: computed when a pair is first used, kept for later epochs. */
import type { PackedPair, PairLogps } from "../../data/preferences/types.ts";
import type { Learner } from "../../dpo/learner.ts";
import type { ReferenceLogps, Split } from "../run.ts";

/** @param rows number of pairs in the split. */
export function createReferenceLogps(learner: Pick<Learner, "referenceLogps">, rows: number): ReferenceLogps {
  if (rows === Number.POSITIVE_INFINITY) return streamedLogps(learner);
  const values = new Float64Array(2 * rows).fill(Number.NaN);
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

/** Of a stream, whose pairs may never come again: computed each time, kept nowhere. */
function streamedLogps(learner: Pick<Learner, "referenceLogps">): ReferenceLogps {
  return {
    values: new Float64Array(0),
    forget: () => {},
    async of(pairs) {
      const logps: PairLogps[] = [];
      for (const pair of pairs) logps.push(await learner.referenceLogps(pair));
      return logps;
    },
  };
}

/** Null if no loss uses a reference; the reference is then never run. */
export async function referenceFor(
  { rewards }: Pick<Learner, "rewards">,
  { referenceLogps }: Pick<Split, "referenceLogps">,
  pairs: readonly PackedPair[],
): Promise<PairLogps[] | null> {
  return rewards === "logratios" ? referenceLogps.of(pairs) : null;
}
