/** @file Texts as hashes: of a whole text, of its words. Hashes are what the doctor keeps of a row. */

/** 53 bits of a text: two multiplicative hashes (cyrb53). Two of a million texts share one with odds of 1 in 18,000. */
export function hashText(text: string): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
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
  const end = () => {
    if (length > 0) words.push(mix(hash));
    hash = 0;
    length = 0;
  };
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (!isWordUnit(unit)) {
      end();
      continue;
    }
    if (unit >= UNSPACED) end();
    hash = (Math.imul(hash, 31) + (unit > 64 && unit < 91 ? unit | 32 : unit) + 1) | 0;
    length++;
    if (unit >= UNSPACED) end();
  }
  end();
  return words;
}

/** A text without differences of white space. */
export const spaced = (text: string): string => text.replace(/\s+/g, " ").trim();

/** A text without differences of white space, case and Unicode's compatible forms. */
export const normalized = (text: string): string => spaced(text.normalize("NFKC").toLowerCase());
