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
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
}

/** Scrambles 32 bits: murmur3's last step. */
export function mix(value: number): number {
  let h = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** From here on (CJK and beyond), each character counts as a word, since these scripts write no spaces. */
const UNSPACED = 0x2e80;

function isWordUnit(unit: number): boolean {
  if (unit < 0x80) return (unit > 47 && unit < 58) || (unit > 64 && unit < 91) || (unit > 96 && unit < 123);
  return unit >= 0xaa && !(unit >= 0x2000 && unit <= 0x206f);
}

/** Hashes of the words of a text, in order. Letters of ASCII count without case. One pass, no text is copied. */
export function wordsOf(text: string): number[] {
  const words: number[] = [];
  let hash = 0;
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const isWord = isWordUnit(unit);
    if (length > 0 && (!isWord || unit >= UNSPACED)) {
      words.push(mix(hash));
      hash = 0;
      length = 0;
    }
    if (!isWord) continue;
    hash = (Math.imul(hash, 31) + (unit > 64 && unit < 91 ? unit | 32 : unit) + 1) | 0;
    length = 1;
    if (unit < UNSPACED) continue;
    words.push(mix(hash));
    hash = 0;
    length = 0;
  }
  if (length > 0) words.push(mix(hash));
  return words;
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
