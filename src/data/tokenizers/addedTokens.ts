/** @file Finds a tokenizer's added tokens in a text, before or after normalization. */
import { escapePattern } from "./pattern.ts";
import type { AddedToken } from "./tokenizerJson.ts";

/** A part of a text: an added token, or text between two of them. */
export interface Section {
  text: string;
  /** Set for an added token. */
  id?: number;
}

/** Splits a text into added tokens and the rest; no part is empty. */
export type Cutter = (text: string) => Section[];

const WORD_END = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200c\u200d]$/u;
const WORD_START = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200c\u200d]/u;

/**
 * At each position the longest token wins. `lstrip` and `rstrip` include the adjacent white space; `single_word`
 * matches whole words only. As in Hugging Face's AddedVocabulary.
 * @param contentOf the string to search for, if not the token's content
 */
export function cutterOf(tokens: readonly AddedToken[], contentOf = ({ content }: AddedToken) => content): Cutter {
  const byContent = new Map<string, AddedToken>();
  for (const token of tokens) if (contentOf(token) !== "") byContent.set(contentOf(token), token);
  if (byContent.size === 0) return (text) => (text === "" ? [] : [{ text }]);
  const contents = [...byContent.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(contents.map(escapePattern).join("|"), "gu");
  return (text) => {
    const sections: Section[] = [];
    let offset = 0;
    for (const match of text.matchAll(pattern)) {
      const token = byContent.get(match[0]) as AddedToken;
      let [start, end] = [match.index, match.index + match[0].length];
      if (token.single_word && (WORD_END.test(text.slice(0, start)) || WORD_START.test(text.slice(end)))) continue;
      if (token.lstrip) start = Math.max(offset, text.slice(0, start).search(/\p{White_Space}*$/u));
      if (token.rstrip) end += (/^\p{White_Space}*/u.exec(text.slice(end)) as RegExpExecArray)[0].length;
      if (start > offset) sections.push({ text: text.slice(offset, start) });
      sections.push({ text: text.slice(start, end), id: token.id });
      offset = end;
    }
    if (offset < text.length) sections.push({ text: text.slice(offset) });
    return sections;
  };
}
