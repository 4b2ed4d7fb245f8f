/** @file transformers' clean_up_tokenization: no space before punctuation and English contractions. */

/** In this order. */
const REPLACED: readonly [from: string, to: string][] = [
  [" .", "."],
  [" ?", "?"],
  [" !", "!"],
  [" ,", ","],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

export const cleanUp = (text: string): string =>
  REPLACED.reduce((cleaned, [from, to]) => cleaned.replaceAll(from, to), text);

/** Length of the part of a text that cleaning up leaves as it is, whatever follows. */
export function settledLength(text: string): number {
  const at = text.lastIndexOf(" ");
  if (at < 0) return text.length;
  const end = text.slice(at);
  const before = text.slice(Math.max(0, at - 2)); // " ' " has two spaces
  const isOpen = (part: string) => REPLACED.some(([from]) => from.startsWith(part));
  if (before.startsWith(" '") && isOpen(before)) return at - 2;
  return isOpen(end) ? at : text.length;
}

const OF_BPE = "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output";

/** Whether a tokenizer cleans up when asked: not with byte pair encoding, whose spaces belong to the text. */
export const canCleanUp = (model: { type?: string }, config: Readonly<Record<string, unknown>>): boolean =>
  model.type !== "BPE" || config[OF_BPE] === true;
