/** @file Checks of the characters of a text: signs that it was decoded wrongly, cut, or written to deceive. */
import type { DoctorCheck, ExaminedRow } from "./check.ts";
import { around } from "./textChecks.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: those of ASCII that are looked for
const ASCII_CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** The first control in prompt, chosen or rejected; most texts are of ASCII, where few characters can be one. */
function firstControl(row: ExaminedRow): string | undefined {
  for (const name of ["prompt", "chosen", "rejected"] as const) {
    const quote = around(row[name], (row.ascii[name] ? ASCII_CONTROLS : CONTROLS).exec(row[name]));
    if (quote !== undefined) return `${name}: ${quote}`;
  }
  return undefined;
}

/** The first match in a text that is not of ASCII alone. */
function firstOdd(row: ExaminedRow, pattern: RegExp): string | undefined {
  for (const name of ["prompt", "chosen", "rejected"] as const) {
    const quote = row.ascii[name] ? undefined : around(row[name], pattern.exec(row[name]));
    if (quote !== undefined) return `${name}: ${quote}`;
  }
  return undefined;
}

/** The first match outside code in prompt, chosen or rejected. */
function firstOutsideCode(row: ExaminedRow, pattern: RegExp, signs: readonly string[]): string | undefined {
  for (const name of ["prompt", "chosen", "rejected"] as const) {
    const hasSign = signs.some((sign) => row[name].includes(sign)); // much quicker than the pattern
    const quote = hasSign ? outsideCode(row[name], pattern) : undefined;
    if (quote !== undefined) return `${name}: ${quote}`;
  }
  return undefined;
}

/** What bytes 80 to bf are as Latin-1 or Windows-1252. */
const REST =
  "[\\u0080-\\u00bf\\u0152\\u0153\\u0160\\u0161\\u0178\\u017d\\u017e\\u0192\\u02c6\\u02dc\\u2013\\u2014" +
  "\\u2018-\\u201e\\u2020-\\u2022\\u2026\\u2030\\u2039\\u203a\\u20ac\\u2122]";
/** UTF-8 that was read in another encoding: "Ã©", "â€™", "ðŸ˜€", "Ð¿Ñ€Ð¸"; as Mac Roman and code page 437. */
const MOJIBAKE = new RegExp(
  [
    `Ã${REST}|Â[\\u0080-\\u00bf]|[a-z]Ã |[a-z.,;:!?]Â (?! )`,
    `â[\\u0080€][\\u0080-\\u00bf\\u0153\\u017e\\u02dc\\u2013-\\u2122]|â${REST}${REST}`,
    "ð[\\u0178\\u009f]|ï[»¿][¿½]",
    `(?:[ÐÑÎÏ]${REST}){2}|(?:[ã-í]${REST}${REST}){2}`,
    "(?:[РС][\\u0080-\\u00bf\\u0402-\\u040f\\u0452-\\u045f\\u2018-\\u2122]){2}",
    "‚Ä[ôúùòìî¶]|√[©®±¶º†°§ß]|ΓÇ[ÖöÿÜ£¥ªôó£]|├[⌐¡│║▒¬ñ╝╢]",
  ].join("|"),
);
/** Controls except tab, newline and carriage return; those of 80 to 9f within mojibake are bytes that it needs. */
export const CONTROLS = new RegExp(
  "[\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f\\u202a-\\u202e\\u2066-\\u2069\\ufeff\\ufff9-\\ufffb]|" +
    "(?<![\\u0080-\\u00ff])[\\u0080-\\u009f]",
);
const OTHER_LETTER = "[^\\p{ASCII}\\p{Script=Latin}\\p{Script=Cyrillic}\\p{Script=Greek}]";
/**
 * Characters without width within words of Latin, Greek or Cyrillic letters or next to spaces: other scripts and emoji
 * need some of them.
 */
export const INVISIBLE = new RegExp(
  `[\\u200b\\u2060-\\u2064\\u180e]|(?<!${OTHER_LETTER})[\\u00ad\\u200c-\\u200f](?!${OTHER_LETTER})`,
  "u",
);
/** All of them, to be shown. */
const WITHOUT_WIDTH = /[\u00ad\u180e\u200b-\u200f\u2060-\u2064]/g;
const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
const LONE_SURROGATE = /\p{Surrogate}/u;
/** Letters of Greek that look like Latin ones; others stand in formulas. */
const ALIKE = "[\\p{Script=Cyrillic}ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο]";
const ANY_ALIKE = new RegExp(ALIKE, "u");
/** Whether a mixed word is possible: much quicker than looking for one. */
const hasAlike = ({ prompt, chosen, rejected, ascii }: ExaminedRow) =>
  (!ascii.prompt && ANY_ALIKE.test(prompt)) ||
  (!ascii.chosen && ANY_ALIKE.test(chosen)) ||
  (!ascii.rejected && ANY_ALIKE.test(rejected));
/** A word of three letters or more of two scripts that look alike: "Тhe" with a Cyrillic T. */
const MIXED_WORD = new RegExp(
  [
    `\\p{Script=Latin}${ALIKE}\\p{L}|${ALIKE}\\p{Script=Latin}\\p{L}`,
    `\\p{L}\\p{Script=Latin}${ALIKE}|\\p{L}${ALIKE}\\p{Script=Latin}`,
  ].join("|"),
  "u",
);
/** Decomposed letters: "e" and an accent, where "é" exists. */
const DECOMPOSED = /[A-Za-z][\u0300-\u0304\u0306-\u030c\u0327\u0328]/;
/** Text of HTML, JSON or mail that was not decoded. */
const ENTITY = /&(?:amp|lt|gt|quot|apos|nbsp|rsquo|lsquo|[lr]dquo|hellip|mdash|ndash|#\d{2,5}|#x[0-9a-fA-F]{2,5});/;
const ESCAPE = /\\u(?:00|20|d8|D8|d83|D83)[0-9a-fA-F]{1,2}|=(?:C3|E2)=[0-9A-F]{2}|[.!?:]\\n(?:\\n|[A-Z])/;

const CODE = /```[\s\S]*?(?:```|$)|`[^`\n]*`/g;
/** A line of a program or of HTML. */
const CODE_LINE = /<\/?[a-z!]|[{};]\s*$|^\s*(?:print|echo|return|import|#include|console\.)/;

/** The first match in a text outside code. */
function outsideCode(text: string, pattern: RegExp): string | undefined {
  if (!pattern.test(text)) return undefined;
  for (const line of text.replace(CODE, " ").split("\n")) {
    const match = pattern.exec(line);
    if (match && !CODE_LINE.test(line)) return around(line, match);
  }
  return undefined;
}

/** In the order of the report. */
export const CHARACTER_CHECKS: readonly DoctorCheck[] = [
  {
    name: "replacementCharacter",
    severity: "warning",
    look: () => (row) => firstOdd(row, /\ufffd/),
    describe: "A text contains U+FFFD: characters were lost when it was decoded.",
    fix: "Read the source again in its own encoding.",
  },
  {
    name: "mojibake",
    severity: "warning",
    look: () => (row) => firstOdd(row, MOJIBAKE),
    describe: "A text is UTF-8 that was read in another encoding.",
    fix: "Read the source again as UTF-8.",
  },
  {
    name: "controlCharacters",
    severity: "warning",
    look: () => firstControl,
    describe: "A text contains control characters, byte order marks or overrides of direction.",
    fix: "Remove them (--fix does).",
  },
  {
    name: "invisibleCharacters",
    severity: "warning",
    look: () => (row) => firstOdd(row, INVISIBLE)?.replace(WITHOUT_WIDTH, escaped),
    describe: "A text contains characters without width: zero-width spaces, joiners, soft hyphens, marks of direction.",
    fix: "Remove them (--fix does): they split words into other tokens.",
  },
  {
    name: "decomposed",
    severity: "note",
    look: () => (row) => firstOdd(row, DECOMPOSED),
    describe: "Accents are characters of their own (NFD), which tokenizers read as other tokens than the usual ones.",
    fix: 'Normalize the texts: text.normalize("NFC").',
  },
  {
    name: "entities",
    severity: "warning",
    look: () => (row) => firstOutsideCode(row, ENTITY, ["&"]),
    describe: "A text without tags contains entities of HTML, which were not decoded.",
    about: "`&amp;` and the like, outside code",
    fix: "Decode them, unless the texts are about HTML.",
  },
  {
    name: "escapes",
    severity: "warning",
    look: () => (row) => firstOutsideCode(row, ESCAPE, ["\\", "=C3=", "=E2="]),
    describe: "A text contains escapes such as \\u00e9, \\n or =C3=A9 that were not decoded.",
    about: "outside code",
    fix: "Decode the source once more, unless the texts are about code.",
  },
  {
    name: "loneSurrogate",
    severity: "warning",
    look: () => (row) => firstOdd(row, LONE_SURROGATE),
    describe: "A text contains half of a surrogate pair: it was cut within a character.",
    fix: "Cut texts between characters, or drop the rows.",
  },
  {
    name: "mixedScripts",
    severity: "note",
    look: () => (row) => (hasAlike(row) ? firstOdd(row, MIXED_WORD) : undefined),
    describe: "A word mixes letters of scripts that look alike.",
    fix: "Replace the letters that stand in for others, unless the text is about them.",
  },
];
