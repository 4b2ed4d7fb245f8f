/** @file Decoders of tokenizer.json: tokens -> strings whose concatenation is the text. */

import { bytesOfToken } from "./byteAlphabet.ts";
import { cleanUp } from "./cleanUp.ts";
import { checkGrowth } from "./growth.ts";
import { type Kinds, readKind, readSequence, textSetting } from "./kinds.ts";
import { readPattern } from "./pattern.ts";
import { replaceMatches } from "./replaceMatches.ts";
import type { Component } from "./tokenizerJson.ts";

export type DecodeStep = (tokens: string[]) => string[];

export const DECODERS: Kinds<DecodeStep> = {
  readers: {
    ByteLevel: () => byteLevel,
    ByteFallback: () => byteFallback,
    Fuse: () => (tokens) => [tokens.join("")],
    Strip: strip,
    Metaspace: metaspace,
    Replace: (component, where) => {
      const finder = readPattern(component.pattern, where);
      const content = textSetting(component, "content", where);
      return (tokens) => tokens.map((token) => replaceMatches(token, finder, content, where));
    },
    WordPiece: (component) => wordPiece(component),
    BPEDecoder: ({ suffix = "</w>" }) => {
      const mark = String(suffix);
      return (tokens) => tokens.map((token, i) => token.replaceAll(mark, i + 1 === tokens.length ? "" : " "));
    },
    CTC: (component) => ctc(component),
    Sequence: (component, where) => {
      const parts = readSequence(DECODERS, component.decoders, where);
      return (tokens) =>
        parts.reduce((texts, part) => {
          const next = part(texts);
          checkLengthened(tokens, next, where);
          return next;
        }, tokens);
    },
  },
  refused: {},
};

/** Tokens without a decoder are joined by spaces. @param where names the file in messages. */
export function readDecoder(component: Component | null, where: string): (tokens: string[]) => string {
  if (component === null) return (tokens) => tokens.join(" ");
  const decode = readKind(DECODERS, component, `${where}: decoder`);
  return (tokens) => {
    const texts = decode(tokens);
    checkLengthened(tokens, texts, `${where}: decoder`);
    return texts.join("");
  };
}

function checkLengthened(tokens: readonly string[], texts: readonly string[], where: string): void {
  const [before, after] = [tokens, texts].map((list) => list.reduce((sum, { length }) => sum + length, 0));
  checkGrowth(before + tokens.length, after, where);
}

/** As Rust's u8::from_str_radix, which takes a plus sign. */
const BYTE = /^<0x(\+?[0-9A-F]{1,2})>$/i;

function byteLevel(tokens: string[]): string[] {
  const bytes: number[] = [];
  for (const token of tokens) {
    const spelled = bytesOfToken(token);
    for (let i = 0; i < spelled.length; i++) bytes.push(spelled[i]);
  }
  return [new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes))];
}

/** Decodes runs of byte tokens; if a run is invalid UTF-8, each byte becomes U+FFFD. */
function byteFallback(tokens: string[]): string[] {
  const texts: string[] = [];
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length === 0) return;
    try {
      const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
      texts.push(decoder.decode(Uint8Array.from(bytes)));
    } catch {
      for (let i = 0; i < bytes.length; i++) texts.push("\ufffd");
    }
    bytes = [];
  };
  for (const token of tokens) {
    const hex = token.length === 6 ? BYTE.exec(token)?.[1] : undefined;
    if (hex !== undefined) bytes.push(Number.parseInt(hex.replace("+", ""), 16));
    else {
      flush();
      texts.push(token);
    }
  }
  flush();
  return texts;
}

function strip({ content, start, stop }: Component): DecodeStep {
  const mark = String(content);
  const [most, mostAtEnd] = [Number(start), Number(stop)];
  return (tokens) =>
    tokens.map((token) => {
      let first = 0;
      let last = token.length;
      for (let i = 0; i < most && token.startsWith(mark, first) && first < last; i++) first += mark.length;
      for (let i = 0; i < mostAtEnd && last - mark.length >= first && token.endsWith(mark, last); i++)
        last -= mark.length;
      return token.slice(first, last);
    });
}

function metaspace({ replacement = "▁", prepend_scheme, add_prefix_space }: Component): DecodeStep {
  const mark = String(replacement);
  const isPrefixed = (prepend_scheme ?? (add_prefix_space === false ? "never" : "always")) !== "never";
  return (tokens) => tokens.map((token, i) => token.replaceAll(mark, i === 0 && isPrefixed ? "" : " "));
}

/** transformers' clean-up, and one contraction more. */
const cleanedUp = (text: string): string => cleanUp(text).replaceAll(" do not", " don't");

function wordPiece({ prefix = "##", cleanup }: Component): DecodeStep {
  const mark = String(prefix);
  return (tokens) =>
    tokens.map((token, i) => {
      const word = i === 0 ? token : token.startsWith(mark) ? token.slice(mark.length) : ` ${token}`;
      return cleanup === false ? word : cleanedUp(word);
    });
}

function ctc({ pad_token = "<pad>", word_delimiter_token = "|", cleanup }: Component): DecodeStep {
  const [pad, delimiter] = [String(pad_token), String(word_delimiter_token)];
  return (tokens) =>
    tokens
      .filter((token, i) => token !== tokens[i - 1])
      .map((token) => token.replaceAll(pad, ""))
      .map((token) => (cleanup === false ? token : cleanedUp(token).replaceAll(delimiter, " ")))
      .filter((token) => token !== "");
}
