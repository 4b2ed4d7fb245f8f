/** @file Checks of a row's texts: answers that are empty or equal, markers, characters that are signs of damage. */
import { isKnownRole, roleAdvice } from "../chatTemplates/roles.ts";
import { excerpt } from "../preferences/check.ts";
import type { Message } from "../preferences/extractPrompt.ts";
import type { DoctorCheck, ExaminedRow, Hit } from "./check.ts";
import { normalized } from "./words.ts";

/** Quotes the surroundings of a match. */
function around(text: string, match: RegExpExecArray | null): string | undefined {
  if (match === null) return undefined;
  return excerpt(text.slice(Math.max(0, match.index - 20), match.index + match[0].length + 20));
}

/** The first match in prompt, chosen or rejected. */
function firstMatch(row: ExaminedRow, pattern: RegExp): string | undefined {
  for (const name of ["prompt", "chosen", "rejected"] as const) {
    const quote = around(row[name], pattern.exec(row[name]));
    if (quote !== undefined) return `${name}: ${quote}`;
  }
  return undefined;
}

/** Turns and ends as templates of well-known models write them. */
const MARKERS = new RegExp(
  [
    "<\\|(?:im_start|im_end|im_sep|endoftext|eot_id|eom_id|start_header_id|end_header_id)\\|>",
    "<\\|(?:begin_of_text|end_of_text)\\|>",
    "<\\|(?:user|assistant|system|end|channel|message|start|return|START_OF_TURN_TOKEN|END_OF_TURN_TOKEN)\\|>",
    "<｜(?:User|Assistant|begin▁of▁sentence|end▁of▁sentence)｜>",
    "<(?:start|end)_of_turn>|<(?:bos|eos|pad|unk)>|</s>",
    "\\[/?INST\\]|<</?SYS>>|\\[/?(?:SYSTEM_PROMPT|AVAILABLE_TOOLS)\\]",
    "^#{2,3} (?:Instruction|Response|Input|Human|Assistant):\\s*$",
    "(?:^|\\n\\n)(?:Human|Assistant): ",
  ].join("|"),
  "m",
);

/** An eos at the very end of an answer is none too many: TRL adds it only where it is missing. */
function withoutEos(text: string, eos: string | null | undefined): string {
  return eos && text.endsWith(eos) ? text.slice(0, -eos.length) : text;
}

/** The roles of a conversation: what is wrong with their order, or undefined. */
function orderFault(prompt: readonly Message[], answer: readonly Message[]): string | undefined {
  const roles = [...prompt, ...answer].map(({ role }) => role);
  const shown = roles.join(", ").slice(0, 80);
  const strange = roles.find((role) => !isKnownRole(role));
  if (strange !== undefined) return `${shown} (${roleAdvice(strange)})`;
  const isWrong =
    answer[0]?.role !== "assistant" ||
    answer.at(-1)?.role !== "assistant" ||
    prompt.at(-1)?.role === "assistant" ||
    roles.some((role, i) => i > 0 && (role === "system" || role === "developer")) ||
    roles.some((role, i) => i > 0 && role === roles[i - 1] && (role === "user" || role === "assistant")) ||
    roles.find((role) => role !== "system" && role !== "developer") !== "user";
  return isWrong ? shown : undefined;
}

/** From this length on, a prompt that an answer repeats is no chance. */
const LONG_PROMPT = 24;

function repeatedPrompt({ row, ...texts }: ExaminedRow): Hit | undefined {
  const last = row.kind === "texts" ? row.prompt : row.prompt.findLast(({ role }) => role === "user")?.content;
  const prompt = typeof last === "string" ? last.trim() : "";
  if (prompt.length < LONG_PROMPT) return undefined;
  const name = (["chosen", "rejected"] as const).find((one) => texts[one].includes(prompt));
  return name && `${name}: ${excerpt(texts[name])}`;
}

/** UTF-8 that was read as Latin-1 or Windows-1252: "Ã©", "â€™", "ðŸ˜€". */
const MOJIBAKE = new RegExp(
  [
    "Ã[\\u0080-\\u00bf\\u0192\\u02c6\\u2018-\\u2022\\u20ac]|Â[\\u0080-\\u00bf]",
    "â[\\u0080€][\\u0080-\\u00bf\\u0153\\u017e\\u02dc\\u2013-\\u2122]|ðŸ|ï»¿",
  ].join("|"),
);
/** Controls except tab, newline and carriage return. */
export const CONTROLS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are looked for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]/;
const LONE_SURROGATE = /\p{Surrogate}/u;
/** A word of two scripts that look alike: "Тhe" with a Cyrillic T. */
const ALIKE = "[\\p{Script=Cyrillic}\\p{Script=Greek}]";
const MIXED_WORD = new RegExp(`\\p{Script=Latin}${ALIKE}\\p{L}|${ALIKE}\\p{Script=Latin}\\p{L}`, "u");
// biome-ignore lint/suspicious/noControlCharactersInRegex: the fast way past texts of ASCII
const ASCII_ONLY = /^[\u0000-\u007f]*$/;

const SCRIPTS = ["Latin", "Cyrillic", "Greek", "Arabic", "Hebrew", "Devanagari", "Han", "Hangul", "Thai"].map(
  (name) =>
    [
      name,
      new RegExp(
        name === "Han" ? "[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}]" : `\\p{Script=${name}}`,
        "gu",
      ),
    ] as const,
);
/** Letters that are counted to know a text's script. */
const SCRIPT_SAMPLE = 400;

/** The script of most letters; undefined where there are few letters. */
function scriptOf(text: string): string | undefined {
  const some = text.slice(0, SCRIPT_SAMPLE);
  if (ASCII_ONLY.test(some)) return (some.match(/[a-z]/gi)?.length ?? 0) >= 20 ? "Latin" : undefined;
  const counts = SCRIPTS.map(([name, pattern]) => [name, some.match(pattern)?.length ?? 0] as const);
  const [name, count] = counts.reduce((best, one) => (one[1] > best[1] ? one : best));
  return count >= 20 ? name : undefined;
}

/** In the order of the report. */
export const TEXT_CHECKS: readonly DoctorCheck[] = [
  {
    name: "empty",
    severity: "severe",
    drops: true,
    look: () => (row) => {
      const name = (["chosen", "rejected"] as const).find((one) => row[one].trim() === "");
      return name && `${name}: ${excerpt(row[name])}`;
    },
    describe: "An answer is empty, or white space alone.",
    fix: "Drop the rows (--fix), or train with drop_degenerate: true.",
  },
  {
    name: "emptyPrompt",
    severity: "warning",
    isRare: true,
    look: () => (row) => {
      const isEmpty = row.row.kind === "texts" ? row.prompt.trim() === "" : row.row.prompt.length === 0;
      return isEmpty ? `chosen: ${excerpt(row.chosen)}` : undefined;
    },
    describe: "The prompt is empty, while other rows have one.",
    fix: "Fill in the prompt, or drop the rows.",
  },
  {
    name: "equal",
    severity: "severe",
    drops: true,
    look: () => (row) => (row.chosen === row.rejected && row.chosen !== "" ? excerpt(row.chosen) : undefined),
    describe: "chosen and rejected are equal: the pair teaches nothing.",
    fix: "Drop the rows (--fix), or train with drop_degenerate: true.",
  },
  {
    name: "equalNormalized",
    severity: "warning",
    look: () => (row) => {
      const { chosen, rejected } = row;
      if (chosen === rejected || Math.abs(chosen.length - rejected.length) > 0.2 * chosen.length + 20) return undefined;
      return normalized(chosen) === normalized(rejected) && chosen.trim() !== "" ? excerpt(chosen) : undefined;
    },
    describe: "chosen and rejected differ in white space, case or compatible characters alone.",
    fix: "Drop the rows, unless such differences are what the model is to learn.",
  },
  {
    name: "promptInAnswer",
    severity: "warning",
    look: () => repeatedPrompt,
    describe: "An answer contains the whole prompt: the model learns to repeat it.",
    fix: "Remove the prompt from the answers; chosen and rejected hold what follows it.",
  },
  {
    name: "markersInAnswer",
    severity: "severe",
    look:
      ({ tokenizer, controlTokens }) =>
      ({ row, chosen, rejected }) => {
        for (const [name, whole] of Object.entries({ chosen, rejected })) {
          const text = row.kind === "texts" ? withoutEos(whole, tokenizer?.eos_token) : whole;
          const quote = around(text, MARKERS.exec(text) ?? controlTokens?.exec(text) ?? null);
          if (quote !== undefined) return `${name}: ${quote}`;
        }
        return undefined;
      },
    describe: "An answer contains markers of a chat template: the model learns to write further turns.",
    fix: "Remove them: prefine applies the template to messages, and adds the end token to texts.",
  },
  {
    name: "markersInPrompt",
    severity: "warning",
    isRare: true, // texts may all be rendered already
    look:
      ({ controlTokens }) =>
      ({ prompt }) =>
        around(prompt, MARKERS.exec(prompt) ?? controlTokens?.exec(prompt) ?? null),
    describe: "A prompt contains markers of a chat template, unlike most rows.",
    fix: "Remove them, or convert transcripts into messages (prefine data convert).",
  },
  {
    name: "roleOrder",
    severity: "severe",
    look:
      () =>
      ({ row }) =>
        row.kind === "texts" ? undefined : (orderFault(row.prompt, row.chosen) ?? orderFault(row.prompt, row.rejected)),
    describe: "The roles are out of order: user and assistant take turns, and an answer is the assistant's.",
    fix: "Reorder or rename the messages.",
  },
  {
    name: "replacementCharacter",
    severity: "warning",
    look: () => (row) => firstMatch(row, /\ufffd/),
    describe: "A text contains U+FFFD: characters were lost when it was decoded.",
    fix: "Read the source again in its own encoding.",
  },
  {
    name: "mojibake",
    severity: "warning",
    look: () => (row) => firstMatch(row, MOJIBAKE),
    describe: "A text is UTF-8 that was read in another encoding.",
    fix: "Read the source again as UTF-8.",
  },
  {
    name: "controlCharacters",
    severity: "warning",
    look: () => (row) => firstMatch(row, CONTROLS),
    describe: "A text contains control characters, byte order marks or overrides of direction.",
    fix: "Remove them (--fix does).",
  },
  {
    name: "loneSurrogate",
    severity: "warning",
    look: () => (row) => firstMatch(row, LONE_SURROGATE),
    describe: "A text contains half of a surrogate pair: it was cut within a character.",
    fix: "Cut texts between characters, or drop the rows.",
  },
  {
    name: "mixedScripts",
    severity: "note",
    look: () => (row) => (ASCII_ONLY.test(row.chosen + row.rejected) ? undefined : firstMatch(row, MIXED_WORD)),
    describe: "A word mixes letters of scripts that look alike.",
    fix: "Replace the letters that stand in for others, unless the text is about them.",
  },
  {
    name: "otherScript",
    severity: "warning",
    look: () => (row) => {
      const [chosen, rejected] = [scriptOf(row.chosen), scriptOf(row.rejected)];
      if (chosen === undefined || rejected === undefined || chosen === rejected) return undefined;
      return `${chosen}: ${excerpt(row.chosen)}; ${rejected}: ${excerpt(row.rejected)}`;
    },
    describe: "chosen and rejected are in different scripts: the model learns a language, not a better answer.",
    fix: "Drop the rows, unless the language is the preference.",
  },
];
