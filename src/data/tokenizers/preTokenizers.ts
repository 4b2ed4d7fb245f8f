/** @file Pre-tokenizers of tokenizer.json: split a text into words, which the model splits further. */
import { GPT2_WORDS } from "../../patterns/linearPatterns.ts";
import { spellText } from "./byteAlphabet.ts";
import { isNumeric, isPunctuation, isSpace } from "./characters.ts";
import { damaged, type Kinds, readKind, readSequence, textSetting } from "./kinds.ts";
import { characterFinder, type Finder, oniguruma, readPattern } from "./pattern.ts";
import { BEHAVIOR_NAMES, splitAt } from "./splits.ts";
import type { Component } from "./tokenizerJson.ts";

/**
 * Splits a piece of text; `isStart`: it is the beginning of the text. Words may be empty: an empty first word stands
 * for a beginning that was dropped.
 */
export type PreTokenizer = (piece: string, isStart: boolean) => string[];

const spaces = characterFinder(isSpace);
const punctuation = characterFinder(isPunctuation);
const numbers = characterFinder(isNumeric);
const gpt2Words = oniguruma(GPT2_WORDS, "GPT-2's words");

export const PRE_TOKENIZERS: Kinds<PreTokenizer> = {
  readers: {
    Split: split,
    Digits: ({ individual_digits }) => {
      const behavior = individual_digits === true ? "Isolated" : "Contiguous";
      return (piece) => splitAt(piece, numbers, behavior);
    },
    Punctuation: (component, where) => {
      const behavior = behaviorOf(component.behavior ?? "Isolated", where);
      return (piece) => splitAt(piece, punctuation, behavior);
    },
    WhitespaceSplit: () => (piece) => splitAt(piece, spaces, "Removed"),
    Whitespace: () => (piece) => splitAt(piece, wordsOrSymbols, "Removed", true),
    BertPreTokenizer: () => (piece) =>
      splitAt(piece, spaces, "Removed").flatMap((word) =>
        word === "" ? [word] : splitAt(word, punctuation, "Isolated"),
      ),
    CharDelimiterSplit: (component, where) => {
      const delimiter = oneCharacter(textSetting(component, "delimiter", where), where);
      const finder = readPattern({ String: delimiter }, where);
      return (piece) => splitAt(piece, finder, "Removed");
    },
    FixedLength: fixedLength,
    ByteLevel: byteLevel,
    Metaspace: metaspace,
    Sequence: (component, where) => sequence(readSequence(PRE_TOKENIZERS, component.pretokenizers, where)),
  },
  refused: { UnicodeScripts: "its table of scripts is that of an old Unicode" },
};

/** @param where names the file in messages. */
export function readPreTokenizer(component: Component | null, where: string): PreTokenizer {
  return component === null ? (piece) => [piece] : readKind(PRE_TOKENIZERS, component, `${where}: pre_tokenizer`);
}

/** Rust's regular expression `\w+|[^\w\s]+`, whose `\w` has joiners. */
const wordsOrSymbols = oniguruma(
  "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200c\\u200d]+|[^\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200c\\u200d\\s]+",
  "Whitespace",
);

function behaviorOf(name: unknown, where: string): string {
  if (typeof name === "string" && BEHAVIOR_NAMES.includes(name)) return name;
  throw damaged(`${where}.behavior`, `one of ${BEHAVIOR_NAMES.join(", ")}`, name);
}

function oneCharacter(text: string, where: string): string {
  if (Array.from(text).length === 1) return text;
  throw damaged(where, "one character", text);
}

function split(component: Component, where: string): PreTokenizer {
  const finder: Finder = readPattern(component.pattern, where);
  const behavior = behaviorOf(component.behavior, where);
  const inverted = component.invert === true;
  return (piece) => splitAt(piece, finder, behavior, inverted);
}

function byteLevel({ add_prefix_space, use_regex }: Component): PreTokenizer {
  return (piece) => {
    const text = add_prefix_space !== false && !piece.startsWith(" ") ? ` ${piece}` : piece;
    return (use_regex === false ? [text] : splitAt(text, gpt2Words, "Isolated")).map(spellText);
  };
}

function fixedLength({ length = 5 }: Component, where: string): PreTokenizer {
  const size = Number(length);
  if (!Number.isSafeInteger(size) || size < 1) throw damaged(`${where}.length`, "a positive integer", length);
  return (piece) => {
    const words: string[] = [];
    let word = "";
    let count = 0;
    for (const character of piece) {
      word += character;
      if (++count % size === 0) {
        words.push(word);
        word = "";
      }
    }
    return word === "" ? words : [...words, word];
  };
}

function metaspace(component: Component, where: string): PreTokenizer {
  const { split: splits, add_prefix_space } = component;
  const mark = oneCharacter(String(component.replacement ?? "▁"), where);
  const scheme = component.prepend_scheme ?? (add_prefix_space === false ? "never" : "always");
  const finder = readPattern({ String: mark }, where);
  return (piece, isStart) => {
    const text = piece.replaceAll(" ", () => mark);
    const isPrefixed = !text.startsWith(mark) && (scheme === "always" || (scheme === "first" && isStart));
    const marked = isPrefixed ? mark + text : text;
    return splits === false ? [marked] : splitAt(marked, finder, "MergedWithNext");
  };
}

function sequence(parts: PreTokenizer[]): PreTokenizer {
  return (piece, isStart) =>
    parts.reduce(
      (words, part) => words.flatMap((word, i) => (word === "" ? [word] : part(word, isStart && i === 0))),
      [piece],
    );
}
