/** @file BPE merges: reads the pairs that merge, and merges a word's ids by rank. */
import { PrefineError, show } from "../../errors.ts";
import type { TokenizerModel } from "./tokenizerJson.ts";

const NO_MERGE = 0x7fffffff;

/** Above this many ids, a heap finds the next pair faster than a linear scan. */
const LONG_WORD = 48;

/** Which pairs of ids merge: the rank of a pair (NO_MERGE: none), and the merged id by rank. */
export interface Merges {
  rankAt: (left: number, right: number) => number;
  mergedIds: number[];
}

/** Longest word in ids: merging needs about 40 bytes for each. */
const LONGEST_WORD = 16_000_000;

/** @throws PrefineError("model") if a merge names a token that the vocabulary lacks. */
export function readMerges(idOf: ReadonlyMap<string, number>, model: TokenizerModel, where: string): Merges {
  let base = 1;
  for (const id of idOf.values()) if (id >= base) base = id + 1;
  const rankOf = new Map<number, number>(); // left * base + right -> rank
  const mergedIds: number[] = [];
  const prefix = typeof model.continuing_subword_prefix === "string" ? model.continuing_subword_prefix : "";
  for (const [rank, merge] of (model.merges ?? []).entries()) {
    const [left, right] = typeof merge === "string" ? merge.split(" ") : Array.isArray(merge) ? merge : [];
    const tail = prefix !== "" && String(right).startsWith(prefix) ? right.slice(prefix.length) : right;
    const [leftId, rightId, mergedId] = [idOf.get(left), idOf.get(right), idOf.get(left + tail)];
    if (leftId === undefined || rightId === undefined || mergedId === undefined) {
      const message = `${where}: merge ${rank + 1}: ${show(merge)} names a token that is not in the vocabulary`;
      throw new PrefineError("model", message, "Download or save the tokenizer again: its files differ.");
    }
    rankOf.set(leftId * base + rightId, rank);
    mergedIds.push(mergedId);
  }
  return { rankAt: (left, right) => rankOf.get(left * base + right) ?? NO_MERGE, mergedIds };
}

/**
 * Merges ids pair by pair, the pair of lowest rank (then the leftmost) first. Changes `ids`.
 * @throws PrefineError("data") for a word that would not fit into memory
 */
export function mergeIds(ids: Int32Array, merges: Merges): number[] {
  if (ids.length > LONGEST_WORD) {
    const message = `expected words of at most ${LONGEST_WORD} bytes, found a text of ${ids.length} without a space`;
    throw new PrefineError("data", message, "Is the row a text? Leave it out, or put spaces into it.");
  }
  return ids.length > LONG_WORD ? mergeLong(ids, merges) : mergeShort(ids, merges);
}

function mergeShort(ids: Int32Array, { rankAt, mergedIds }: Merges): number[] {
  const ranks = new Int32Array(ids.length).fill(NO_MERGE); // of the pair (i, i + 1)
  let length = ids.length;
  for (let i = 0; i + 1 < length; i++) ranks[i] = rankAt(ids[i], ids[i + 1]);
  for (;;) {
    let best = 0;
    for (let i = 1; i < length; i++) if (ranks[i] < ranks[best]) best = i;
    if (length < 2 || ranks[best] === NO_MERGE) return Array.from(ids.subarray(0, length));
    ids[best] = mergedIds[ranks[best]];
    ids.copyWithin(best + 1, best + 2, length);
    ranks.copyWithin(best + 1, best + 2, length);
    length--;
    ranks[best] = best + 1 < length ? rankAt(ids[best], ids[best + 1]) : NO_MERGE;
    if (best > 0) ranks[best - 1] = rankAt(ids[best - 1], ids[best]);
  }
}

/** The same with a linked list and a heap of rank * length + place: O(n log n), for texts that are one word. */
function mergeLong(ids: Int32Array, { rankAt, mergedIds }: Merges): number[] {
  const length = ids.length;
  const next = Int32Array.from(ids, (_, i) => i + 1);
  const before = Int32Array.from(ids, (_, i) => i - 1);
  const ranks = new Int32Array(length).fill(NO_MERGE); // of the pair that begins at a place
  const heap: number[] = [];
  const rate = (place: number) => {
    const after = next[place];
    ranks[place] = after < length ? rankAt(ids[place], ids[after]) : NO_MERGE;
    if (ranks[place] !== NO_MERGE) push(heap, ranks[place] * length + place);
  };
  for (let i = 0; i < length; i++) rate(i);
  while (heap.length > 0) {
    const key = pop(heap);
    const place = key % length;
    if (ranks[place] !== (key - place) / length) continue; // already merged
    const gone = next[place];
    ids[place] = mergedIds[ranks[place]];
    next[place] = next[gone];
    if (next[gone] < length) before[next[gone]] = place;
    ranks[gone] = NO_MERGE;
    rate(place);
    if (before[place] >= 0) rate(before[place]);
  }
  const merged: number[] = [];
  for (let i = 0; i < length; i = next[i]) merged.push(ids[i]);
  return merged;
}

function push(heap: number[], key: number): void {
  let at = heap.length;
  heap.push(key);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (heap[parent] <= key) break;
    heap[at] = heap[parent];
    at = parent;
  }
  heap[at] = key;
}

function pop(heap: number[]): number {
  const top = heap[0];
  const last = heap.pop() as number;
  if (heap.length === 0) return top;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1] < heap[child]) child++;
    if (heap[child] >= last) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = last;
  return top;
}
