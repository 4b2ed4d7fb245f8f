/** @file Patterns of tokenizer.json (Oniguruma syntax) -> JavaScript regular expressions. */

/** Non-ASCII characters that equal an ASCII letter when case is ignored. */
const FOLDS: Record<string, string> = { s: "\u017f", k: "\u212a" };
const CLASSES: Record<string, string> = {
  s: "\\p{White_Space}",
  S: "\\P{White_Space}",
  d: "\\p{Nd}",
  D: "\\P{Nd}",
  h: "0-9a-fA-F",
};
/** In Oniguruma, ^ and $ match at line boundaries, and only \n ends a line. */
const LINES: Record<string, string> = { "^": "(?<![^\\n])", $: "(?![^\\n])", ".": "[^\\n]" };
const WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}";
/** Escapes with the same meaning in both. */
const KEPT = /[pPuxnrtfv0-9^$\\.*+?()[\]{}|/-]/;

function bothCases(letter: string): string {
  return letter.toLowerCase() + letter.toUpperCase() + (FOLDS[letter.toLowerCase()] ?? "");
}

/** Translates the character after a backslash; undefined if JavaScript has no equivalent. */
function readEscape(escaped: string, inClass: boolean): string | undefined {
  if (escaped === "w") return inClass ? WORD : `[${WORD}]`;
  if (escaped === "W") return inClass ? undefined : `[^${WORD}]`;
  if (escaped === "h" && !inClass) return `[${CLASSES.h}]`;
  if (Object.hasOwn(CLASSES, escaped)) return CLASSES[escaped];
  if (KEPT.test(escaped)) return `\\${escaped}`;
  return /[a-zA-Z]/.test(escaped) ? undefined : escaped;
}

/**
 * The pattern with flags g and u; undefined if JavaScript cannot express it (possessive, atomic, \G ...).
 * `\s` and `\d` match Unicode; `(?i:...)` is expanded, since supported engines lack it.
 */
export function toRegExp(pattern: string): RegExp | undefined {
  let out = "";
  let inClass = false;
  const ignoresCase = [false]; // by group
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i];
    const isFolded = ignoresCase[ignoresCase.length - 1];
    if (character === "\\") {
      const sequence = readEscape(pattern[++i], inClass);
      if (sequence === undefined) return undefined;
      out += sequence;
    } else if (inClass) {
      if (character === "[" || pattern.startsWith("&&", i)) return undefined; // nested, intersected
      if (character === "]") inClass = false;
      out += isFolded && /[a-zA-Z]/.test(character) ? bothCases(character) : character;
    } else if (character === "[") {
      inClass = true;
      out += character;
    } else if (character === "(") {
      const isInsensitive = pattern.startsWith("(?i:", i);
      ignoresCase.push(isFolded || isInsensitive);
      if (isInsensitive) i += 3;
      out += isInsensitive ? "(?:" : character;
    } else if (Object.hasOwn(LINES, character)) {
      out += LINES[character];
    } else {
      if (character === ")") ignoresCase.pop();
      out += isFolded && /[a-zA-Z]/.test(character) ? `[${bothCases(character)}]` : character;
    }
  }
  try {
    return new RegExp(out, "gu");
  } catch {
    return undefined;
  }
}

/** The `pattern` of a component: a string or a regular expression. */
export function readPattern(pattern: unknown): RegExp | undefined {
  if (typeof pattern !== "object" || pattern === null) return undefined;
  if ("String" in pattern && typeof pattern.String === "string") {
    return new RegExp(escapePattern(pattern.String), "gu");
  }
  return "Regex" in pattern && typeof pattern.Regex === "string" ? toRegExp(pattern.Regex) : undefined;
}

/** Escapes a text, so that the pattern matches exactly that text. */
export function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
