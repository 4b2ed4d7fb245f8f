/** @file Kinds of characters that the steps of a tokenizer ask for, by code point. */
import { codePointSet } from "../../patterns/codePoints.ts";

const spaces = codePointSet("[\\p{White_Space}]", false);
const words = codePointSet("[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200c\\u200d]", false);
const punctuation = codePointSet("[\\p{P}$+<=>^`\\|~]", false);
const numbers = codePointSet("[\\p{N}]", false);

/** Unicode white space; none is beyond the basic plane. */
export const isSpace = (codePoint: number): boolean => spaces.has(codePoint);
/** `\w` of Rust's regular expressions. */
export const isWord = (codePoint: number): boolean => words.has(codePoint);
/** Unicode's punctuation, and ASCII's symbols. */
export const isPunctuation = (codePoint: number): boolean => punctuation.has(codePoint);
export const isNumeric = (codePoint: number): boolean => numbers.has(codePoint);

/** The code point that ends at a position; undefined at the start. */
export function codePointBefore(text: string, position: number): number | undefined {
  if (position === 0) return undefined;
  const pair = position > 1 ? (text.codePointAt(position - 2) as number) : 0;
  return pair > 0xffff ? pair : text.charCodeAt(position - 1);
}
