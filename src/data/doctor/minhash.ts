/**
 * @file Near duplicates: MinHash signatures of the sets of three words in a row, found by locality-sensitive hashing.
 * Broder, "On the resemblance and containment of documents" (1997).
 */
import { Mt19937 } from "../../random.ts";
import { mix } from "./words.ts";

/** Values per signature: the estimate of a resemblance of 0.8 has a standard deviation of 0.05. */
const VALUES = 64;
/** 16 bands of 4: a resemblance of 0.8 shares a band with odds of 0.9998, one of 0.3 with 0.12. */
const BAND = 4;
/** The share of common sets of three words (Jaccard's) from which two texts count as near duplicates. */
const NEAR = 0.8;
/** Candidates of a band that are compared: rows that share boilerplate stay linear in time. */
const MOST_CANDIDATES = 32;

const random = new Mt19937(17);
const FACTORS = Int32Array.from({ length: VALUES }, () => random.uint32() | 1);
const TERMS = Int32Array.from({ length: VALUES }, () => random.uint32() | 0);

/** [64] smallest hashes. @param parts the words of each text; sets of words do not span texts, whose order counts. */
export function signatureOf(parts: readonly (readonly number[])[]): Uint32Array {
  const smallest = new Uint32Array(VALUES).fill(0xffffffff);
  for (const [part, words] of parts.entries()) {
    const last = Math.max(words.length - 2, words.length > 0 ? 1 : 0);
    for (let i = 0; i < last; i++) {
      const three = Math.imul(words[i], 3) + Math.imul(words[i + 1] ?? 0, 5) + Math.imul(words[i + 2] ?? 0, 7);
      addTo(smallest, mix(three + part));
    }
  }
  return smallest;
}

function addTo(smallest: Uint32Array, hash: number): void {
  for (let k = 0; k < VALUES; k++) {
    const product = Math.imul(hash, FACTORS[k]) + TERMS[k];
    const value = (product ^ (product >>> 15)) >>> 0;
    if (value < smallest[k]) smallest[k] = value;
  }
}

function resemblance(a: Uint32Array, b: Uint32Array): number {
  let equal = 0;
  for (let k = 0; k < VALUES; k++) if (a[k] === b[k]) equal++;
  return equal / VALUES;
}

/** The signatures of rows so far. Memory is linear in the rows that it keeps. */
export class NearIndex<T> {
  private readonly bands = Array.from({ length: VALUES / BAND }, () => new Map<number, number[]>());
  private readonly kept: { signature: Uint32Array; value: T }[] = [];

  /** The row that resembles this one most, if one does enough. */
  find(signature: Uint32Array): T | undefined {
    let best = NEAR;
    let match: T | undefined;
    for (const [band, rows] of this.bands.entries()) {
      for (const row of rows.get(keyOf(signature, band)) ?? []) {
        const share = resemblance(signature, this.kept[row].signature);
        if (share < best || (share === best && match !== undefined)) continue;
        best = share;
        match = this.kept[row].value;
      }
    }
    return match;
  }

  add(signature: Uint32Array, value: T): void {
    const row = this.kept.push({ signature, value }) - 1;
    for (const [band, rows] of this.bands.entries()) {
      const key = keyOf(signature, band);
      const bucket = rows.get(key);
      if (!bucket) rows.set(key, [row]);
      else if (bucket.length < MOST_CANDIDATES) bucket.push(row);
    }
  }
}

function keyOf(signature: Uint32Array, band: number): number {
  let key = 0;
  for (let k = band * BAND; k < (band + 1) * BAND; k++) key = mix(Math.imul(key, 31) + signature[k]);
  return key;
}
