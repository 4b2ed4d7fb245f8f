/** @file Remembers the ids of words: texts repeat them. */

/**
 * Words with their ids in a cache, of which there are two at most, and the longest of them. 270 rows of English
 * preferences have about 20,000 distinct words.
 */
export const CACHE_WORDS = 65_536;
export const LONGEST_REMEMBERED = 64;

/** Ids of a word, which is not empty. */
export type WordEncoder = (word: string) => readonly number[];

/** A full cache is kept, as the older one, until the next is full: frequent words are encoded once. */
export function rememberWords(encode: WordEncoder): WordEncoder {
  let words = new Map<string, readonly number[]>();
  let older: typeof words | undefined;
  return (word) => {
    if (word.length > LONGEST_REMEMBERED) return encode(word);
    const hit = words.get(word);
    if (hit) return hit;
    const ids = older?.get(word) ?? encode(word);
    if (words.size === CACHE_WORDS) {
      older = words;
      words = new Map();
    }
    words.set(word, ids);
    return ids;
  };
}
