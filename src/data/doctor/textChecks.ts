/** @file Checks of a row's texts: answers that are empty or equal, markers, characters that are signs of damage. */
import { isKnownRole, roleAdvice } from "../chatTemplates/roles.ts";
import { excerpt } from "../preferences/check.ts";
import type { Message } from "../preferences/extractPrompt.ts";
import type { DoctorCheck, DoctorContext, ExaminedRow, Hit } from "./check.ts";
import { textOf } from "./examine.ts";
import { isAscii, normalized } from "./words.ts";

/** Quotes the surroundings of a match. */
export function around(text: string, match: RegExpExecArray | null): string | undefined {
  if (match === null) return undefined;
  return excerpt(text.slice(Math.max(0, match.index - 20), match.index + match[0].length + 20));
}

/** Turns and ends as templates of models write them: no text of people has them. */
const MARKERS = new RegExp(
  [
    "<\\|[A-Za-z][\\w▁-]{1,40}\\|>|<｜[^｜\\s]{2,40}｜>",
    "<(?:start|end)_of_turn>|<(?:bos|eos|pad|unk)>|</s>|^<s>",
    "\\[/?INST\\]|<</?SYS>>|\\[/?(?:SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_RESULTS)\\]|\\[gMASK\\]",
  ].join("|"),
);
/** Turns that are also plain text: severe only for a template that writes them. */
const TURNS = new RegExp(
  [
    "^(?:#{2,3} ?(?:Instruction|Response|Input|Human|Assistant|User)|\\*\\*(?:Human|User|Assistant)):?\\**:?\\s*$",
    "(?:^|\\n\\n?)(?:Human|Assistant|USER|ASSISTANT|User): ",
  ].join("|"),
  "m",
);

/** What MARKERS and TURNS need: much quicker to look for. */
const mayBeMarked = (text: string) => text.includes("<") || text.includes("[");
const TURN_SIGNS = ["Human", "User", "Assistant", "USER: ", "ASSISTANT: ", "## Instruction", "##Instruction"].concat([
  "## Response",
  "##Response",
  "## Input",
  "##Input",
]);
const mayHaveTurns = (text: string) => TURN_SIGNS.some((sign) => text.includes(sign));
const markerIn = (text: string) => (mayBeMarked(text) ? MARKERS.exec(text) : null);
const turnIn = (text: string) => (mayHaveTurns(text) ? TURNS.exec(text) : null);

/** Turns in plain text that the tokenizer's chat template writes. */
const writesTurns = ({ tokenizer }: DoctorContext) => {
  const template = tokenizer?.chat_template ?? null;
  const templates = template === null ? [] : typeof template === "string" ? [template] : Object.values(template);
  return templates.some((one) => /### ?(?:Instruction|Response|Human|Assistant)|\b(?:Human|USER): /.test(one));
};

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

/** From this length on, a prompt that an answer repeats is no chance; at an answer's beginning, a shorter one. */
const LONG_PROMPT = 24;
const PROMPT_AT_START = 10;

/** Whether the words of a prompt, but for its first and last, which may be parts of others, follow each other. */
function hasInnerWords(answer: Uint32Array, prompt: Uint32Array): boolean {
  const first = prompt[1];
  const inner = prompt.length - 2;
  for (let i = 0; i + inner <= answer.length; i++) {
    if (answer[i] !== first) continue;
    let same = 1;
    while (same < inner && answer[i + same] === prompt[1 + same]) same++;
    if (same === inner) return true;
  }
  return false;
}

const longestWord = (text: string) =>
  text.split(" ").reduce((best, word) => (word.length > best.length ? word : best), "");

function repeatedPrompt({ row, ...texts }: ExaminedRow): Hit | undefined {
  const isPlain = row.kind === "texts" && Object.values(texts.ascii).every(Boolean) && texts.words.prompt.length > 2;
  const { words } = texts;
  // quicker than to normalize the texts
  if (isPlain && !hasInnerWords(words.chosen, words.prompt) && !hasInnerWords(words.rejected, words.prompt)) return;
  const last = row.kind === "texts" ? undefined : row.prompt.findLast(({ role }) => role === "user");
  const prompt = normalized(row.kind === "texts" ? texts.prompt : last ? textOf([last]) : "");
  if (prompt.length < PROMPT_AT_START) return undefined;
  const first = prompt.slice(0, PROMPT_AT_START);
  const rarest = longestWord(prompt);
  const name = (["chosen", "rejected"] as const).find((one) => {
    if (texts[one].length < prompt.length) return false;
    // the whole answer is normalized only where it may contain the prompt
    if (texts.ascii[one] && !texts[one].toLowerCase().includes(rarest)) return false;
    const text = normalized(texts[one], texts.ascii[one]);
    const at = text.indexOf(first);
    return at >= 0 && (prompt.length < LONG_PROMPT ? text.startsWith(`${prompt} `) : text.includes(prompt, at));
  });
  return name && `${name}: ${excerpt(texts[name])}`;
}

/** Texts that stand for none. */
const PLACEHOLDER =
  /^(?:none|null|nan|n\/a|undefined|\[?(?:deleted|removed|empty|no response|no answer)\]?|…|\.{3}|-+)$/i;

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

/** Letters without which a text has no script. */
const FEW_LETTERS = 20;

function hasLatin(ascii: string): boolean {
  let letters = 0;
  for (let i = 0; i < ascii.length && letters < FEW_LETTERS; i++) {
    const unit = ascii.charCodeAt(i) | 32;
    if (unit > 96 && unit < 123) letters++;
  }
  return letters === FEW_LETTERS;
}

/** The script of most letters; undefined where there are few letters. */
function scriptOf(text: string): string | undefined {
  const some = text.slice(0, SCRIPT_SAMPLE);
  if (isAscii(some)) return hasLatin(some) ? "Latin" : undefined;
  const counts = SCRIPTS.map(([name, pattern]) => [name, some.match(pattern)?.length ?? 0] as const);
  const [name, count] = counts.reduce((best, one) => (one[1] > best[1] ? one : best));
  return count >= FEW_LETTERS ? name : undefined;
}

/** In the order of the report. */
export const TEXT_CHECKS: readonly DoctorCheck[] = [
  {
    name: "empty",
    severity: "severe",
    drops: true,
    look: () => (row) => {
      const name = (["chosen", "rejected"] as const).find((one) => row[one].length < 99 && normalized(row[one]) === "");
      return name && `${name}: ${excerpt(row[name])}`;
    },
    describe: "An answer is empty, or white space alone.",
    fix: "Drop the rows (--fix), or train with drop_degenerate: true.",
  },
  {
    name: "placeholder",
    severity: "warning",
    look: () => (row) => {
      const name = (["chosen", "rejected"] as const).find((one) => PLACEHOLDER.test(row[one].trim()));
      return name && `${name}: ${excerpt(row[name])}`;
    },
    describe: "An answer is a word that stands for a missing one.",
    about: "such as `null`, `N/A`, `[deleted]`",
    fix: "Drop the rows, unless that is the answer.",
  },
  {
    name: "emptyPrompt",
    severity: "warning",
    isRare: true,
    look: () => (row) => {
      const callsTools = row.row.kind !== "texts" && row.row.prompt.some(({ tool_calls }) => tool_calls);
      return row.prompt.trim() === "" && !callsTools ? `chosen: ${excerpt(row.chosen)}` : undefined;
    },
    describe: "The prompt is empty, while other rows have one.",
    about: "where most rows have one",
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
    look:
      () =>
      ({ chosen, rejected, keys }) =>
        chosen !== rejected && keys.chosen === keys.rejected && chosen.trim() !== "" ? excerpt(chosen) : undefined,
    describe: "chosen and rejected differ in white space, case or compatible characters alone.",
    fix: "Drop the rows, unless such differences are what the model is to learn.",
  },
  {
    name: "promptInAnswer",
    severity: "warning",
    look: () => repeatedPrompt,
    describe: "An answer contains the whole prompt: the model learns to repeat it.",
    about: "prompts of 24 characters or more, or of 10 at the beginning of the answer",
    fix: "Remove the prompt from the answers; chosen and rejected hold what follows it.",
  },
  {
    name: "markersInAnswer",
    severity: "severe",
    look: (context) => {
      const { tokenizer, controlTokens } = context;
      const turns = writesTurns(context);
      return ({ row, chosen, rejected }) => {
        for (const [name, whole] of Object.entries({ chosen, rejected })) {
          const text = row.kind === "texts" ? withoutEos(whole, tokenizer?.eos_token) : whole;
          const match = markerIn(text) ?? controlTokens?.exec(text) ?? (turns ? turnIn(text) : null);
          const quote = around(text, match);
          if (quote !== undefined) return `${name}: ${quote}`;
        }
        return undefined;
      };
    },
    describe: "An answer contains markers of a chat template: the model learns to write further turns.",
    fix: "Remove them: prefine applies the template to messages, and adds the end token to texts.",
  },
  {
    name: "turnsInAnswer",
    severity: "warning",
    isRare: true, // dialogs may be what the data is about
    look: (context) => {
      if (writesTurns(context)) return () => undefined;
      return ({ chosen, rejected }) => around(chosen, turnIn(chosen)) ?? around(rejected, turnIn(rejected));
    },
    describe: "An answer contains a further turn, as text: Human:, User:, ### Instruction:.",
    about: "only where most rows have none; where the chat template writes such turns, they are `markersInAnswer`",
    fix: "Cut the answers before it, or convert transcripts into messages (prefine data convert).",
  },
  {
    name: "markersInPrompt",
    severity: "warning",
    isRare: true, // texts may all be rendered already
    look:
      ({ controlTokens }) =>
      ({ prompt }) =>
        around(prompt, markerIn(prompt) ?? controlTokens?.exec(prompt) ?? null),
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
    name: "otherScript",
    severity: "warning",
    look: () => (row) => {
      const [chosen, rejected] = [scriptOf(row.chosen), scriptOf(row.rejected)];
      if (chosen === undefined || rejected === undefined || chosen === rejected) return undefined;
      return `${chosen}: ${excerpt(row.chosen)}; ${rejected}: ${excerpt(row.rejected)}`;
    },
    describe: "chosen and rejected are in different scripts: the model learns a language, not a better answer.",
    about: "answers of 20 letters or more each",
    fix: "Drop the rows, unless the language is the preference.",
  },
];
