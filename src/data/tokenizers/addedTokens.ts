/** @file Finds a tokenizer's added tokens in a text, before or after normalization. */
import { codePointBefore, isSpace, isWord } from "./characters.ts";
import type { AddedToken } from "./tokenizerJson.ts";

/** A part of a text: an added token, or text between two of them. */
export interface Section {
  text: string;
  /** Set for an added token. */
  id?: number;
}

/** Splits a text into added tokens and the rest; no part is empty. */
export type Cutter = (text: string) => Section[];

/** Contents by their UTF-16 units. */
interface TrieNode {
  next: Map<number, TrieNode>;
  token?: AddedToken;
}

/** A token's place in a text. */
interface Place {
  token: AddedToken;
  start: number;
  end: number;
}

/**
 * At each position the longest token wins. `lstrip` and `rstrip` include the adjacent white space; `single_word`
 * matches whole words only. As in Hugging Face's AddedVocabulary. Takes a time proportional to the text.
 * @param contentOf the string to search for, if not the token's content
 */
export function cutterOf(tokens: readonly AddedToken[], contentOf = ({ content }: AddedToken) => content): Cutter {
  const root: TrieNode = { next: new Map() };
  for (const token of tokens) if (contentOf(token) !== "") insert(root, contentOf(token), token);
  if (root.next.size === 0) return (text) => (text === "" ? [] : [{ text }]);
  const begins = beginsOf(root);
  return (text) => {
    const sections: Section[] = [];
    let offset = 0;
    for (let at = 0; at < text.length; ) {
      begins.lastIndex = at;
      if (!begins.test(text)) break;
      at = begins.lastIndex - 1;
      const token = longestAt(root, text, at);
      if (!token) {
        at++;
        continue;
      }
      const place = { token, start: at, end: at + contentOf(token).length };
      at = place.end;
      if (token.isSplit) continue;
      if (token.single_word && !isWholeWord(text, place)) continue;
      const { start, end } = withSpaces(text, place, offset);
      if (start >= end) continue; // within the white space that the token before took
      if (start > offset) sections.push({ text: text.slice(offset, start) });
      sections.push({ text: text.slice(start, end), id: token.id });
      offset = end;
    }
    if (offset < text.length) sections.push({ text: text.slice(offset) });
    return sections;
  };
}

/** The UTF-16 units with which tokens begin. */
function beginsOf({ next }: TrieNode): RegExp {
  const units = Array.from(next.keys(), (unit) => `\\u${unit.toString(16).padStart(4, "0")}`);
  return new RegExp(`[${units.join("")}]`, "g");
}

function insert(root: TrieNode, content: string, token: AddedToken): void {
  let node = root;
  for (let i = 0; i < content.length; i++) {
    const unit = content.charCodeAt(i);
    let next = node.next.get(unit);
    if (!next) {
      next = { next: new Map() };
      node.next.set(unit, next);
    }
    node = next;
  }
  node.token = token;
}

function longestAt(root: TrieNode, text: string, at: number): AddedToken | undefined {
  let node: TrieNode | undefined = root;
  let longest: AddedToken | undefined;
  for (let i = at; i < text.length; i++) {
    node = node.next.get(text.charCodeAt(i));
    if (!node) break;
    longest = node.token ?? longest;
  }
  return longest;
}

function isWholeWord(text: string, { start, end }: Place): boolean {
  const before = codePointBefore(text, start);
  const after = text.codePointAt(end);
  return !(before !== undefined && isWord(before)) && !(after !== undefined && isWord(after));
}

/** Never reaches back before the end of the last token, so that each space is looked at once. */
function withSpaces(text: string, { token, start, end }: Place, offset: number): { start: number; end: number } {
  let [from, to] = [start, end];
  if (token.lstrip) while (from > offset && isSpace(text.charCodeAt(from - 1))) from--;
  if (token.rstrip) while (to < text.length && isSpace(text.charCodeAt(to))) to++;
  return { start: token.lstrip ? Math.max(from, offset) : from, end: to };
}
