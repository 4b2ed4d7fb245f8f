/** @file Pre-tokenizers of tokenizer.json: split a text into words, within which BPE merges. */
import { spellText } from "./byteAlphabet.ts";
import { readPattern, toRegExp } from "./pattern.ts";
import type { Component } from "./tokenizerJson.ts";

/** Splits a piece of text; `isStart`: it is the beginning of the text. */
export type PreTokenizer = (piece: string, isStart: boolean) => string[];

const GPT2_WORDS = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** Splits a text at a pattern's matches: [part, whether it is a match]. */
function cut(text: string, pattern: RegExp): [part: string, isMatch: boolean][] {
  const parts: [string, boolean][] = [];
  let end = 0;
  for (const { 0: match, index } of text.matchAll(pattern)) {
    if (match === "") continue;
    if (index > end) parts.push([text.slice(end, index), false]);
    parts.push([match, true]);
    end = index + match.length;
  }
  if (end < text.length) parts.push([text.slice(end), false]);
  return parts;
}

const BEHAVIORS: Record<string, (parts: [string, boolean][]) => string[]> = {
  Isolated: (parts) => parts.map(([part]) => part),
  Removed: (parts) => parts.filter(([, isMatch]) => !isMatch).map(([part]) => part),
  MergedWithPrevious: (parts) => {
    const words: string[] = [];
    let wasMatch = false;
    for (const [part, isMatch] of parts) {
      if (isMatch && !wasMatch && words.length > 0) words.push((words.pop() as string) + part);
      else words.push(part);
      wasMatch = isMatch;
    }
    return words;
  },
  MergedWithNext: (parts) => {
    const words: string[] = [];
    let wasMatch = false;
    for (const [part, isMatch] of parts) {
      if (!isMatch && wasMatch) words.push((words.pop() as string) + part);
      else words.push(part);
      wasMatch = isMatch;
    }
    return words;
  },
  Contiguous: (parts) => {
    const words: [string, boolean][] = [];
    for (const [part, isMatch] of parts) {
      const last = words.at(-1);
      if (last && last[1] === isMatch) last[0] += part;
      else words.push([part, isMatch]);
    }
    return words.map(([word]) => word);
  },
};

function split({ pattern, behavior, invert }: Component): PreTokenizer | undefined {
  const regex = readPattern(pattern);
  const join = BEHAVIORS[String(behavior)];
  if (!regex || !join) return undefined;
  const turn = invert === true;
  return (piece) => join(cut(piece, regex).map(([part, isMatch]) => [part, isMatch !== turn]));
}

/** Unicode's punctuation, and ASCII's symbols. */
const PUNCTUATION = /[\p{P}$+<=>^`|~]/gu;

function punctuation({ behavior }: Component): PreTokenizer | undefined {
  const join = BEHAVIORS[String(behavior ?? "Isolated")];
  return join && ((piece) => join(cut(piece, PUNCTUATION)));
}

/** Keeps only the matches. */
function matches(pattern: RegExp): PreTokenizer {
  return (piece) => piece.match(pattern) ?? [];
}

function digits({ individual_digits }: Component): PreTokenizer {
  return (piece) => cut(piece, individual_digits === true ? /\p{N}/gu : /\p{N}+/gu).map(([part]) => part);
}

function byteLevel({ add_prefix_space, use_regex }: Component): PreTokenizer {
  const words = toRegExp(GPT2_WORDS) as RegExp;
  return (piece) => {
    const text = add_prefix_space !== false && !piece.startsWith(" ") ? ` ${piece}` : piece;
    return (use_regex === false ? [text] : (text.match(words) ?? [])).map(spellText);
  };
}

function metaspace(component: Component): PreTokenizer {
  const { replacement = "▁", split: splits, add_prefix_space } = component;
  const mark = String(replacement);
  const scheme = component.prepend_scheme ?? (add_prefix_space === false ? "never" : "always");
  const words = BEHAVIORS.MergedWithNext;
  return (piece, isStart) => {
    const text = piece.replaceAll(" ", mark);
    const isPrefixed = !text.startsWith(mark) && (scheme === "always" || (scheme === "first" && isStart));
    const marked = isPrefixed ? mark + text : text;
    return splits === false ? [marked] : words(cut(marked, new RegExp(mark, "gu")));
  };
}

/** The function of a pre-tokenizer; undefined for an unsupported type. */
export function readPreTokenizer(component: Component | null): PreTokenizer | undefined {
  switch (component?.type) {
    case undefined:
      return (piece) => [piece];
    case "Split":
      return split(component);
    case "Digits":
      return digits(component);
    case "Punctuation":
      return punctuation(component);
    case "WhitespaceSplit":
      return matches(/\P{White_Space}+/gu);
    case "Whitespace":
      return matches(toRegExp("\\w+|[^\\w\\s]+") as RegExp);
    case "ByteLevel":
      return byteLevel(component);
    case "Metaspace":
      return metaspace(component);
    case "Sequence": {
      const parts = (component.pretokenizers as Component[]).map(readPreTokenizer);
      if (parts.some((part) => part === undefined)) return undefined;
      return (piece, isStart) =>
        (parts as PreTokenizer[]).reduce(
          (words, part) => words.flatMap((word, i) => part(word, isStart && i === 0)),
          [piece],
        );
    }
    default:
      return undefined;
  }
}
