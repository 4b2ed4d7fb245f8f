/** @file Texts as hashes: of a whole text, of its words. Hashes are what the doctor keeps of a row. */

/**
 * 53 bits of a text: two multiplicative hashes (cyrb53). Two of a million texts share one with odds of 1 in 18,000.
 * @param isLoose without differences of white space and of case; of ASCII alone.
 */
export function hashText(text: string, isLoose = false): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  let space = 0; // 0: none since the start, 1: none since a word, 2: some since a word
  for (let i = 0; i < text.length; i++) {
    let unit = text.charCodeAt(i);
    if (isLoose) {
      if (unit === 32 || (unit > 8 && unit < 14)) {
        if (space === 1) space = 2;
        continue;
      }
      if (space === 2) {
        a = Math.imul(a ^ 32, 2654435761);
        b = Math.imul(b ^ 32, 1597334677);
      }
      space = 1;
      if (unit > 64 && unit < 91) unit |= 32;
    }
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  return ended(a, b);
}

/** 53 bits of two hashes. */
function ended(first: number, second: number): number {
  const a = Math.imul(first ^ (first >>> 16), 2246822507) ^ Math.imul(second ^ (second >>> 13), 3266489909);
  const b = Math.imul(second ^ (second >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
}

/** 53 bits of three hashes. */
export function together(first: number, second: number, third: number): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (const hash of [first, second, third]) {
    const high = Math.floor(hash / 4294967296);
    a = Math.imul(a ^ hash, 2654435761) ^ Math.imul(high, 2246822507);
    b = Math.imul(b ^ hash, 1597334677) ^ Math.imul(high, 3266489909);
    a = Math.imul(a ^ (a >>> 15), 2246822519);
    b = Math.imul(b ^ (b >>> 15), 3266489917);
  }
  return ended(a, b);
}

/** The same of the digits of a text, with one space for what is between them. */
export function hashDigits(text: string): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  let isBetween = false;
  for (let i = 0; i < text.length; i++) {
    let unit = text.charCodeAt(i);
    if (unit < 48 || unit > 57) {
      if (isBetween) continue;
      unit = 32;
    }
    isBetween = unit === 32;
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  return ended(a, b);
}

/** Scrambles 32 bits: murmur3's last step. */
export function mix(value: number): number {
  let h = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** From here on (CJK and beyond), each character counts as a word, since these scripts write no spaces. */
const UNSPACED = 0x2e80;

/** Characters of ASCII: those of words without case, 0 for others. */
const WORD_UNITS = Uint8Array.from({ length: 0x80 }, (_, unit) => {
  if (unit > 64 && unit < 91) return unit | 32;
  return (unit > 47 && unit < 58) || (unit > 96 && unit < 123) ? unit : 0;
});

const isWordUnit = (unit: number) => unit >= 0xaa && !(unit >= 0x2000 && unit <= 0x206f); // beyond ASCII

/** Hashes of the words of one text after the other, in a place that is used again: arrays made the most garbage. */
export class Words {
  private place = new Uint32Array(4096);

  /** In order; valid until the next call. Letters of ASCII count without case. One pass, no text is copied. */
  of(text: string): Uint32Array {
    if (this.place.length <= text.length) this.place = new Uint32Array(2 * text.length);
    const words = this.place;
    let count = 0;
    let hash = 0;
    let isWithin = false;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      const letter = unit < 0x80 ? WORD_UNITS[unit] : isWordUnit(unit) ? unit : 0;
      if (isWithin && (letter === 0 || letter >= UNSPACED)) {
        words[count++] = mix(hash);
        hash = 0;
        isWithin = false;
      }
      if (letter === 0) continue;
      hash = (Math.imul(hash, 31) + letter + 1) | 0;
      isWithin = letter < UNSPACED;
      if (isWithin) continue;
      words[count++] = mix(hash);
      hash = 0;
    }
    if (isWithin) words[count++] = mix(hash);
    return words.subarray(0, count);
  }
}

/** Sets of words, of which one table is used again: a Set per answer took longer than its words. */
export class WordSets {
  /** Word by its lowest bits, with the number of the set that it is in. */
  private words = new Uint32Array(1024);
  private sets = new Int32Array(1024);
  private set = 0;

  /** Different words of both lists, and those that are in both. */
  compare(some: Uint32Array, others: Uint32Array): { all: number; common: number } {
    const least = 2 * (some.length + others.length);
    if (this.words.length < least) {
      const size = 2 ** Math.ceil(Math.log2(least));
      this.words = new Uint32Array(size);
      this.sets = new Int32Array(size);
      this.set = 0;
    }
    this.set += 2;
    let all = 0;
    for (let i = 0; i < some.length; i++) if (this.put(some[i], this.set) === 0) all++;
    let common = 0;
    for (let i = 0; i < others.length; i++) {
      const before = this.put(others[i], this.set + 1);
      if (before === 0) all++;
      else if (before === this.set) common++;
    }
    this.set++;
    return { all, common };
  }

  /** @returns the number that the word had before in this comparison; 0: it was not there. */
  private put(word: number, set: number): number {
    const mask = this.words.length - 1;
    const first = this.set;
    for (let at = word & mask; ; at = (at + 1) & mask) {
      const other = this.sets[at];
      if (other < first) {
        this.words[at] = word;
        this.sets[at] = set;
        return 0;
      }
      if (this.words[at] !== word) continue;
      this.sets[at] = set;
      return other;
    }
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the fast way past texts of ASCII
const ASCII_ONLY = /^[\u0000-\u007f]*$/;

export const isAscii = (text: string): boolean => ASCII_ONLY.test(text);

/** Characters without width, which no reader sees: zero-width spaces and joiners, marks of direction, soft hyphens. */
const UNSEEN = "\\u00ad\\u180e\\u200b-\\u200f\\u2060-\\u2064\\ufeff";
const EVERY_UNSEEN = new RegExp(`[${UNSEEN}]`, "g");

/** A text without differences of white space, case, characters that are not seen and Unicode's compatible forms. */
export function normalized(text: string, isPlain = isAscii(text)): string {
  const plain = isPlain ? text : text.normalize("NFKC").replace(EVERY_UNSEEN, "");
  return plain.toLowerCase().replace(/\s+/g, " ").trim();
}

/** Hash of a normalized text, without making one where it is of ASCII. */
export function hashNormalized(text: string, isPlain = isAscii(text)): number {
  return isPlain ? hashText(text, true) : hashText(normalized(text));
}
