/** @file Scores of the next token: their probabilities, the highest. V vocabulary. */

/** Pure: scores [V] -> new scores [V]. `ids` is the sequence so far, with the prompt, without padding. */
export type LogitsProcessor = (scores: Float32Array, ids: readonly number[]) => Float32Array;

/** Log-probabilities [V] of scores [V], summed in float64; all NaN if one score is NaN. */
export function logSoftmax(scores: Float32Array): Float32Array {
  const highest = maximum(scores);
  let sum = 0;
  for (let i = 0; i < scores.length; i++) sum += Math.exp(scores[i] - highest);
  const normalizer = highest + Math.log(sum);
  return scores.map((score) => score - normalizer);
}

/** Probabilities [V] of scores [V], summed in float64. */
export function toProbabilities(scores: Float32Array): Float64Array {
  const highest = maximum(scores);
  const result = new Float64Array(scores.length);
  let sum = 0;
  for (let i = 0; i < result.length; i++) {
    result[i] = Math.exp(scores[i] - highest);
    sum += result[i];
  }
  for (let i = 0; i < result.length; i++) result[i] /= sum;
  return result;
}

/** The highest score; -Infinity if there is none, or only NaN. */
export function maximum(scores: Float32Array): number {
  let highest = -Infinity;
  for (let i = 0; i < scores.length; i++) if (scores[i] > highest) highest = scores[i];
  return highest;
}

/** The k-th largest score, with a min-heap of the k largest so far: most scores cost one comparison. */
export function kthLargest(scores: Float32Array, k: number): number {
  const heap = scores.slice(0, k).sort(); // ascending order is a valid heap
  for (let i = k; i < scores.length; i++) {
    if (scores[i] > heap[0]) replaceRoot(heap, scores[i]);
  }
  return heap[0];
}

/** Replaces the root of a min-heap and sifts it down. */
function replaceRoot(heap: Float32Array, value: number): void {
  let parent = 0;
  for (;;) {
    let child = 2 * parent + 1;
    if (child + 1 < heap.length && heap[child + 1] < heap[child]) child++;
    if (child >= heap.length || heap[child] >= value) break;
    heap[parent] = heap[child];
    parent = child;
  }
  heap[parent] = value;
}
