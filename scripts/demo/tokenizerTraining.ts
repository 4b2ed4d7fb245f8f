/** @file Trains GPT-2's byte-level BPE: texts -> merges, each the one that shortens the texts most. */

/** GPT-2's word pattern. */
const WORDS = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** GPT-2's alphabet: the printable character for each byte in the vocabulary. */
function byteCharacters(): string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
    return String.fromCharCode(printable ? byte : next++);
  });
}

/** A word as its current tokens, and its number of occurrences. */
interface CountedWord {
  tokens: string[];
  count: number;
}

function countedWords(texts: readonly string[], alphabet: readonly string[]): CountedWord[] {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const [word] of text.matchAll(WORDS)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const encoder = new TextEncoder();
  return [...counts].map(([word, count]) => ({
    tokens: Array.from(encoder.encode(word), (byte) => alphabet[byte]),
    count,
  }));
}

/** Occurrences of each adjacent pair, "left right": no token contains a space. */
type PairCounts = Map<string, number>;

function countPairs(counts: PairCounts, { tokens, count }: CountedWord, sign: 1 | -1): void {
  for (let i = 0; i + 1 < tokens.length; i++) {
    const pair = `${tokens[i]} ${tokens[i + 1]}`;
    counts.set(pair, (counts.get(pair) ?? 0) + sign * count);
  }
}

/** The most frequent pair; ties go to the first by code units. */
function bestPair(counts: PairCounts): [string, string] | undefined {
  let best: string | undefined;
  let most = 0;
  for (const [pair, count] of counts) {
    if (count < most || count === 0 || (count === most && best !== undefined && pair > best)) continue;
    [best, most] = [pair, count];
  }
  return best?.split(" ") as [string, string] | undefined;
}

function mergePair(tokens: readonly string[], [left, right]: readonly [string, string]): string[] {
  const merged: string[] = [];
  for (const token of tokens) {
    if (token === right && merged.at(-1) === left) merged[merged.length - 1] = left + right;
    else merged.push(token);
  }
  return merged;
}

export interface TrainedTokenizer {
  /** Token -> id: the 256 bytes, the merged tokens in order of merging, then the end of text, as in GPT-2. */
  vocab: Record<string, number>;
  merges: [string, string][];
}

/** @param options.size total number of tokens; fewer if the texts have no more pairs to merge. */
export function trainTokenizer(
  texts: readonly string[],
  { size, endOfText }: { size: number; endOfText: string },
): TrainedTokenizer {
  const alphabet = byteCharacters();
  const words = countedWords(texts, alphabet);
  const counts: PairCounts = new Map();
  for (const word of words) countPairs(counts, word, 1);
  const tokens = new Set(alphabet.toSorted());
  const merges: [string, string][] = [];
  while (tokens.size + 1 < size) {
    const pair = bestPair(counts);
    if (!pair) break;
    merges.push(pair);
    tokens.add(pair[0] + pair[1]); // different merges may produce the same token
    for (const word of words) {
      if (!word.tokens.includes(pair[0])) continue;
      countPairs(counts, word, -1);
      word.tokens = mergePair(word.tokens, pair);
      countPairs(counts, word, 1);
    }
  }
  const vocab = Object.fromEntries([...tokens, endOfText].map((token, id) => [token, id]));
  return { vocab, merges };
}
