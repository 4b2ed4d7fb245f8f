/**
 * @file Word patterns of well-known tokenizers. Each was checked by hand: wherever an alternative reads a run and fails
 * after it, a later one consumes the run, so that a search takes a time proportional to the text. JavaScript's own
 * engine runs these.
 */

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const SPACES = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
/** Letters that may stand before, and within, a word of one case. */
const UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
const LETTERS = "[\\p{L}\\p{M}]";
const LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";

/** GPT-2. */
export const GPT2_WORDS = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

const withDigits = (digits: string) =>
  `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${SPACES}`;

/** Llama 3: digits in threes. */
export const LLAMA3_WORDS = withDigits("\\p{N}{1,3}");
/** Qwen 2 and 3: single digits. */
export const QWEN2_WORDS = withDigits("\\p{N}");
/** Qwen 3.5: marks belong to words. */
export const QWEN35_WORDS = [
  CONTRACTIONS,
  `[^\\r\\n\\p{L}\\p{N}]?${LETTERS}+`,
  "\\p{N}",
  " ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*",
  SPACES,
].join("|");

const byCase = (after: string, digits: string) =>
  `[^\\r\\n\\p{L}\\p{N}]?${UPPER}*${LOWER}+${after}|[^\\r\\n\\p{L}\\p{N}]?${UPPER}+${LOWER}*${after}|${digits}|` +
  ` ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${SPACES}`;

/** GPT-4o and Llama 4: words begin at an upper-case letter. */
export const GPT4O_WORDS = byCase(`${CONTRACTIONS}?`, "\\p{N}{1,3}");
/** Mistral's Tekken. */
export const TEKKEN_WORDS = byCase("", "\\p{N}");

/** DeepSeek V3, after its splits at digits and CJK. */
export const DEEPSEEK_WORDS =
  "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|" +
  ` ?[\\p{P}\\p{S}]+[\\r\\n]*|${SPACES}`;

const LINEAR = new Set([
  GPT2_WORDS,
  LLAMA3_WORDS,
  QWEN2_WORDS,
  QWEN35_WORDS,
  GPT4O_WORDS,
  TEKKEN_WORDS,
  DEEPSEEK_WORDS,
  withDigits("\\p{N}{1,2}"),
  withDigits("\\p{N}+"),
]);

export function isLinearPattern(source: string): boolean {
  return LINEAR.has(source);
}
