/**
 * @file Near duplicates: MinHash signatures of the sets of three words in a row, found by locality-sensitive hashing.
 * Broder, "On the resemblance and containment of documents" (1997); one hash per set of words and a bin for each value,
 * with empty bins filled from others: Shrivastava, "Optimal Densification for Fast and Accurate Minwise Hashing"
 * (2017). 64 hashes per set of words took a quarter of the doctor's time.
 */
import { mix } from "./words.ts";

/** Values per signature: the estimate of a resemblance of 0.8 has a standard deviation of 0.05. */
const VALUES = 64;
/** 16 bands of 4: a resemblance of 0.8 shares a band with odds of 0.9998, one of 0.3 with 0.12. */
const BAND = 4;
const BANDS = VALUES / BAND;
/** The share of common sets of three words (Jaccard's) from which two long texts count as near duplicates. */
export const NEAR = 0.8;
/** Short texts: from here on, which one changed word of 20 leaves in common. */
const NEAR_SHORT = 0.6;
/** Slots that are looked at for a band: rows that share boilerplate stay linear in time. */
const MOST_PROBES = 48;

/** A signature, and how many sets of words it is made of. */
export interface Signature {
  /** [64] the lowest byte of each smallest hash: two others share one with odds of 1 in 256. */
  bytes: Uint8Array;
  /** [16] hashes of its bands. */
  bands: Uint32Array;
  sets: number;
}

const smallest = new Uint32Array(VALUES);
const EMPTY = 0xffffffff;

/** @param parts the words of each text; sets of words do not span texts, whose order counts. */
export function signatureOf(parts: readonly Uint32Array[]): Signature {
  smallest.fill(EMPTY);
  let sets = 0;
  for (let part = 0; part < parts.length; part++) {
    const words = parts[part];
    const last = Math.max(words.length - 2, words.length > 0 ? 1 : 0);
    const salt = Math.imul(part, 0x9e3779b1);
    let [one, two] = [words[0], words.length > 1 ? words[1] : 0];
    for (let i = 0; i < last; i++) {
      const three = i + 2 < words.length ? words[i + 2] : 0;
      const hash = mix(Math.imul(one, 3) + Math.imul(two, 5) + Math.imul(three, 7) + salt);
      const bin = hash >>> 26;
      const value = (hash << 6) >>> 0;
      if (value < smallest[bin]) smallest[bin] = value;
      one = two;
      two = three;
    }
    sets += last;
  }
  return { ...densified(sets), sets };
}

function densified(sets: number): Omit<Signature, "sets"> {
  const bytes = new Uint8Array(VALUES);
  const bands = new Uint32Array(BANDS);
  for (let bin = 0; bin < VALUES; bin++) {
    let from = bin;
    for (let attempt = 1; sets > 0 && smallest[from] === EMPTY; attempt++) from = mix(bin * 4099 + attempt) % VALUES;
    bytes[bin] = mix(smallest[from] ^ from);
  }
  for (let band = 0; band < BANDS; band++) bands[band] = bandHash(bytes, band * BAND);
  return { bytes, bands };
}

/** @param start of the band's bytes. */
function bandHash(bytes: Uint8Array, start: number): number {
  const four = bytes[start] | (bytes[start + 1] << 8) | (bytes[start + 2] << 16) | (bytes[start + 3] << 24);
  return mix(four ^ mix(start % VALUES));
}

/** The estimated share of common sets from which two texts are near: up to three changed words of a short one. */
function thresholdOf(sets: number): number {
  return Math.max(NEAR_SHORT, Math.min(NEAR, (sets - 9) / (sets + 9)));
}

/** Signatures of rows so far, with a number each: 64 bytes, and 128 to 256 of a table, per row. */
export class NearIndex {
  private bytes = new Uint8Array(VALUES * 64);
  private values = new Int32Array(64);
  private sets = new Int32Array(64);
  private size = 0;
  /** Open addressing: the row + 1 by the hash of a band; 0: free. At most half full, so that probes are few. */
  private table = new Int32Array(BANDS * 64 * 2);

  /** The value of the row that resembles this one most, if one does enough. @param least of short texts, too. */
  find(signature: Signature, least = NEAR_SHORT): number | undefined {
    let best = least - 1e-9;
    let match: number | undefined;
    let last = -1;
    const mask = this.table.length - 1;
    for (let band = 0; band < BANDS; band++) {
      for (let probe = 0, at = signature.bands[band] & mask; probe < MOST_PROBES; probe++, at = (at + 1) & mask) {
        const row = this.table[at] - 1;
        if (row < 0) break;
        if (row === last) continue; // the next band of the one before
        last = row;
        const share = this.resemblance(signature, row);
        if (share <= best || share < thresholdOf(Math.max(signature.sets, this.sets[row]))) continue;
        best = share;
        match = this.values[row];
      }
    }
    return match;
  }

  add({ bytes, bands, sets }: Signature, value: number): void {
    if (this.size === this.values.length) this.grow();
    const row = this.size++;
    this.bytes.set(bytes, row * VALUES);
    this.values[row] = value;
    this.sets[row] = sets;
    for (let band = 0; band < BANDS; band++) this.put(bands[band], row);
  }

  private grow(): void {
    const double = <T extends Uint8Array | Int32Array>(old: T): T => {
      const larger = new (old.constructor as new (length: number) => T)(2 * old.length);
      larger.set(old);
      return larger;
    };
    this.bytes = double(this.bytes);
    this.values = double(this.values);
    this.sets = double(this.sets);
    this.table = new Int32Array(2 * this.table.length);
    for (let row = 0; row < this.size; row++) {
      for (let band = 0; band < BANDS; band++) this.put(bandHash(this.bytes, row * VALUES + band * BAND), row);
    }
  }

  private put(hash: number, row: number): void {
    const mask = this.table.length - 1;
    for (let probe = 0, at = hash & mask; probe < MOST_PROBES; probe++, at = (at + 1) & mask) {
      if (this.table[at] !== 0) continue;
      this.table[at] = row + 1;
      return;
    }
  }

  private resemblance({ bytes }: Signature, row: number): number {
    let equal = 0;
    for (let k = 0, at = row * VALUES; k < VALUES; k++, at++) if (bytes[k] === this.bytes[at]) equal++;
    return equal / VALUES;
  }
}
