/** @file Named classes of Oniguruma and Python: `\w`, `[[:alpha:]]`, `\p{Han}` -> classes of JavaScript's `v` flag. */
import { UnsupportedSyntax } from "./syntax.ts";

/** Whose regular expressions: tokenizer.json has Oniguruma's (Ruby syntax), PEFT and transformers have Python's. */
export type Flavor = "oniguruma" | "python";

const WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}";
const PYTHON_SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

/** The insides of a class by its letter. Python's `\w` is str.isalnum() or an underscore. */
const BY_LETTER: Record<Flavor, Record<string, string>> = {
  oniguruma: { s: "\\p{White_Space}", d: "\\p{Nd}", w: WORD, h: "0-9a-fA-F" },
  python: { s: PYTHON_SPACE, d: "\\p{Nd}", w: "\\p{L}\\p{N}_" },
};

/** Oniguruma's `\w` outside brackets also has these. */
const ODD_WORD = "\u00b2\u00b3\u00b9\u00bc-\u00be";

/** What `\b` and a bare `\w` take for a word's characters in Oniguruma. */
export const BARE_WORD = `[${WORD}${ODD_WORD}]`;

/** The class of `\d`, `\S` and the like; undefined for other letters. */
export function letterClass(letter: string, flavor: Flavor): string | undefined {
  const inside = BY_LETTER[flavor][letter.toLowerCase()];
  if (inside === undefined || !/[a-zA-Z]/.test(letter)) return undefined;
  return letter === letter.toLowerCase() ? `[${inside}]` : `[^${inside}]`;
}

const GRAPH = "[\\P{White_Space}--[\\p{Cc}\\p{Cn}\\p{Cs}]]";

/** POSIX names, as Oniguruma defines them for Unicode. */
const POSIX: Record<string, string> = {
  alnum: "[\\p{Alphabetic}\\p{Nd}]",
  alpha: "[\\p{Alphabetic}]",
  ascii: "[\\x00-\\x7f]",
  blank: "[\\p{Zs}\\t]",
  cntrl: "[\\p{Cc}]",
  digit: "[\\p{Nd}]",
  graph: GRAPH,
  lower: "[\\p{Lowercase}]",
  print: `[${GRAPH}\\p{Zs}]`,
  punct: "[\\p{P}\\p{S}]",
  space: "[\\p{White_Space}]",
  upper: "[\\p{Uppercase}]",
  xdigit: "[0-9a-fA-F]",
  word: `[${WORD}]`,
};

/** The class of `[:NAME:]`. */
export function posixClass(name: string): string {
  if (Object.hasOwn(POSIX, name)) return POSIX[name];
  throw new UnsupportedSyntax(`[:${name}:]`);
}

const GENERAL: Record<string, string> = Object.fromEntries(
  (
    "l letter lu uppercase_letter ll lowercase_letter lt titlecase_letter lc cased_letter lm modifier_letter " +
    "lo other_letter m mark mn nonspacing_mark mc spacing_mark me enclosing_mark n number nd decimal_number " +
    "nl letter_number no other_number p punctuation pc connector_punctuation pd dash_punctuation " +
    "ps open_punctuation pe close_punctuation pi initial_punctuation pf final_punctuation po other_punctuation " +
    "s symbol sm math_symbol sc currency_symbol sk modifier_symbol so other_symbol z separator zs space_separator " +
    "zl line_separator zp paragraph_separator c other cc control cf format cs surrogate co private_use cn unassigned"
  )
    .split(" ")
    .map((name) => [
      name.replaceAll("_", ""),
      name === "lc" ? "LC" : name.length <= 2 ? capital(name) : name.split("_").map(capital).join("_"),
    ]),
);

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1).toLowerCase();
}

/** The class of `\p{NAME}`: categories, scripts, POSIX names and Unicode's yes-or-no properties. */
export function propertyClass(name: string): string {
  const plain = name.toLowerCase().replace(/[\s_-]/g, "");
  if (Object.hasOwn(POSIX, plain)) return POSIX[plain];
  if (Object.hasOwn(GENERAL, plain)) return `[\\p{${GENERAL[plain]}}]`;
  if (plain === "any") return "[\\p{Any}]";
  if (plain === "assigned") return "[\\p{Assigned}]";
  const spelled = name
    .trim()
    .split(/[\s_-]+/)
    .map(capital)
    .join("_");
  for (const property of [`Script=${spelled}`, spelled]) {
    const text = `[\\p{${property}}]`;
    if (!/^[A-Za-z_=]+$/.test(property)) break;
    try {
      new RegExp(text, "v");
      return text;
    } catch {}
  }
  throw new UnsupportedSyntax(`\\p{${name}}`);
}

/** A code point within a class of the `v` flag. */
export function escapedInClass(codePoint: number): string {
  return `\\u{${codePoint.toString(16)}}`;
}
