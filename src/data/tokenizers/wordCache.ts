/** @file Remembers the ids of words: texts repeat them. */

/**
 * Cached words with their ids, and the longest of them: about 10 MB. 270 rows of English preferences have about 20,000
 * distinct words.
 */
const CACHE_WORDS = 65_536;
const LONGEST_REMEMBERED = 64;

/** Ids of a word, which is not empty. */
export type WordEncoder = (word: string) => readonly number[];

export function rememberWords(encode: WordEncoder): WordEncoder {
  const cache = new Map<string, readonly number[]>();
  return (word) => {
    if (word.length > LONGEST_REMEMBERED) return encode(word);
    const hit = cache.get(word);
    if (hit) return hit;
    const ids = encode(word);
    if (cache.size === CACHE_WORDS) cache.clear();
    cache.set(word, ids);
    return ids;
  };
}
