/** @file The `pattern` of a component of tokenizer.json: a string, or a regular expression of Oniguruma. */
import { PrefineError, show } from "../../errors.ts";
import { readRegex } from "../../patterns/regex.ts";
import { SEE_KINDS } from "./kinds.ts";

/** Visits all matches in a text, from left to right. Positions are in UTF-16 units. */
export interface Finder {
  eachMatch(text: string, visit: (start: number, end: number) => void): void;
  /** The matches as texts, if they are known to cover the text. */
  wholeSplit?(text: string): string[] | undefined;
}

/** Longest string to search for: a search takes at most this many steps per character. */
const LONGEST_STRING = 1000;

/** @param where names the component in messages. */
export function readPattern(pattern: unknown, where: string): Finder {
  if (typeof pattern === "object" && pattern !== null) {
    if ("String" in pattern && typeof pattern.String === "string") return stringFinder(pattern.String, where);
    if ("Regex" in pattern && typeof pattern.Regex === "string") return oniguruma(pattern.Regex, where);
  }
  const message = `${where}: expected a pattern, { String } or { Regex }, found ${show(pattern)}`;
  throw new PrefineError("model", message, "The file may be damaged: download or save the tokenizer again.");
}

export const oniguruma = (source: string, where: string): Finder => readRegex(source, { where, flavor: "oniguruma" });

function stringFinder(text: string, where: string): Finder {
  if (text === "") return oniguruma("", where);
  if (text.length > LONGEST_STRING) {
    const message = `${where}: expected a pattern of at most ${LONGEST_STRING} characters, found ${text.length}`;
    throw new PrefineError("not-yet", message, SEE_KINDS);
  }
  return {
    eachMatch(whole, visit) {
      for (let start = whole.indexOf(text); start >= 0; start = whole.indexOf(text, start + text.length))
        visit(start, start + text.length);
    },
  };
}

/** A class of characters as a finder: each match is one character. */
export function characterFinder(isMember: (codePoint: number) => boolean): Finder {
  return {
    eachMatch(text, visit) {
      for (let at = 0; at < text.length; ) {
        const codePoint = text.codePointAt(at) as number;
        const end = at + (codePoint > 0xffff ? 2 : 1);
        if (isMember(codePoint)) visit(at, end);
        at = end;
      }
    },
  };
}
