/**
 * @file What the ranks of a job found for their batches, brought together: all ranks then log the same values, decide
 * the same, and hold the reference's log-probabilities of all pairs. A process that was started alone has one batch.
 */
import type { PackedPair, PairLogps } from "../data/preferences/types.ts";
import type { PairScores } from "../dpo/learner.ts";
import { paddedLength } from "../dpo/pairFeeds.ts";
import type { DeviceRanks } from "../engine/runtime/device.ts";
import type { Pass } from "./plan.ts";
import { type PairSource, type ReferenceLogps, Stopped } from "./run.ts";

/** The facts of a pair that other ranks need. */
export interface BatchedPair {
  index: number;
  /** In its rank's dataset. */
  row: number;
  /** Tokens of prompt + chosen and of prompt + rejected: TRL counts the prompt twice. */
  trlTokens: number;
  packedTokens: number;
}

/** One rank's scored batch. */
export interface RankBatch {
  pairs: readonly BatchedPair[];
  /** One entry per pair; null: no loss uses a reference. */
  scores: PairScores[];
  reference: PairLogps[] | null;
  /** Unscaled mean over the pairs. */
  loss: number;
  /** Tokens of a text as transformers pads the batch. */
  paddedLength: number;
}

export interface OwnBatch extends Pick<RankBatch, "scores" | "reference" | "loss"> {
  pairs: readonly PackedPair[];
}

export interface Gathering {
  /** Undefined: this process was started alone. */
  ranks?: DeviceRanks | undefined;
  /** Stops all ranks, whichever of them it aborts on. */
  signal: AbortSignal | undefined;
  /** Receives the values of all ranks. */
  referenceLogps: ReferenceLogps;
  /** Where the pairs come from. */
  source: Pick<PairSource, "origin">;
}

/**
 * The batches of all ranks, in their order. Cost: one exchange of 17 numbers per pair, below a millisecond.
 * @throws Stopped on all ranks if the signal of one has aborted.
 */
export async function gatherBatches(own: OwnBatch, gathering: Gathering): Promise<RankBatch[]> {
  const { ranks, signal, referenceLogps, source } = gathering;
  const facts = own.pairs.map((pair) => factsOf(pair, source.origin?.rows[pair.index] ?? pair.index));
  const batch = { ...own, pairs: facts, paddedLength: paddedLength(own.pairs) };
  if (!ranks) return [batch];
  const numbers = [signal?.aborted ? 1 : 0, batch.loss, batch.paddedLength, ...batch.pairs.flatMap(pack)];
  const all = await ranks.gather(Float64Array.from(numbers));
  const size = all.length / ranks.world.size;
  const parts = Array.from({ length: ranks.world.size }, (_, rank) => all.subarray(rank * size, (rank + 1) * size));
  if (parts.some(([isStopped]) => isStopped === 1)) throw new Stopped("stopped");
  const batches = parts.map((part) => unpackBatch(part, own));
  for (const { pairs, reference } of batches) {
    for (const [i, { index }] of pairs.entries()) {
      if (!reference) continue; // of a stream, none are kept: its list is empty
      referenceLogps.values[2 * index] = reference[i].chosen;
      referenceLogps.values[2 * index + 1] = reference[i].rejected;
    }
  }
  return batches;

  function pack(pair: BatchedPair, i: number): number[] {
    return packPair(pair, own.scores[i], own.reference?.[i]);
  }
}

const factsOf = (pair: PackedPair, row: number): BatchedPair => ({
  index: pair.index,
  row,
  trlTokens: 2 * pair.sharedLength + pair.chosenLength + pair.rejectedLength,
  packedTokens: pair.tokens.length,
});

const HEADER = 3;
const PER_PAIR = 17;

function packPair(pair: BatchedPair, scores: PairScores, reference: PairLogps | undefined): number[] {
  const { logps, plainChosenLogps, entropySum, logitsSum, chosenCorrect, tokens, completionLengths } = scores;
  return [
    ...[pair.index, pair.trlTokens, pair.packedTokens],
    ...[logps.chosen, logps.rejected, plainChosenLogps, entropySum, logitsSum.chosen, logitsSum.rejected],
    ...[chosenCorrect, tokens.chosen, tokens.rejected, completionLengths.chosen, completionLengths.rejected],
    ...[reference?.chosen ?? 0, reference?.rejected ?? 0, pair.row],
  ];
}

function unpackBatch(part: Float64Array, own: OwnBatch): RankBatch {
  const [, loss, padded] = part;
  const count = (part.length - HEADER) / PER_PAIR;
  const rows = Array.from({ length: count }, (_, i) =>
    part.subarray(HEADER + i * PER_PAIR, HEADER + (i + 1) * PER_PAIR),
  );
  return {
    loss,
    paddedLength: padded,
    pairs: rows.map((row) => ({ index: row[0], trlTokens: row[1], packedTokens: row[2], row: row[16] })),
    scores: rows.map(unpackScores),
    reference: own.reference && rows.map((row) => ({ chosen: row[14], rejected: row[15] })),
  };
}

function unpackScores(row: Float64Array): PairScores {
  const [, , , chosen, rejected, plainChosenLogps, entropySum, chosenLogits, rejectedLogits, chosenCorrect] = row;
  return {
    logps: { chosen, rejected },
    plainChosenLogps,
    weight: 1,
    entropySum,
    logitsSum: { chosen: chosenLogits, rejected: rejectedLogits },
    chosenCorrect,
    tokens: { chosen: row[10], rejected: row[11] },
    completionLengths: { chosen: row[12], rejected: row[13] },
  };
}

/**
 * The number of ranks whose sums of tokens, entropies and logits count: accelerate's gather_for_metrics cuts what the
 * ranks give at the end of a pass to the pairs that are no repetitions, and those sums are one value per rank.
 */
export function countedRanks(
  { rows, batchSize, ranks }: Pass,
  { isLast, dropLast }: { isLast: boolean; dropLast: boolean },
): number {
  const rest = rows % (batchSize * ranks);
  return isLast && !dropLast && rest > 0 ? Math.min(rest, ranks) : ranks;
}
