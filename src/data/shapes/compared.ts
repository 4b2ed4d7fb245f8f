/**
 * @file Two answers and a column that says which is better: PKU-SafeRLHF (response_0, response_1, better_response_id),
 * HelpSteer2 and 3 (a strength from -3 to 3), SHP (labels), AlpacaFarm (output_1, output_2, preference), WebGPT (a
 * score each), LMSYS's arena of 55k battles (winner_model_a), and files like them. `data_format_options` names the
 * columns: prompt, answers, preference.
 */
import { describeValue } from "../../arguments.ts";
import { parseExactJson } from "../../formats/exactJson.ts";
import { isObject } from "../../formats/parseJson.ts";
import type { Row } from "../datasets/features.ts";
import type { Message } from "../preferences/extractPrompt.ts";
import { voteFor } from "./annotations.ts";
import { readRating } from "./lists.ts";
import { wrongSetting } from "./llamaFactoryColumns.ts";
import { readText, singleAnswers, singleQuestion } from "./messages.ts";
import {
  all,
  cannotHold,
  isMessages,
  isText,
  message,
  misfit,
  type Pair,
  type Reading,
  type ReadPair,
  type Sample,
  type Shape,
  without,
} from "./shape.ts";
import { tieError } from "./ties.ts";

type Settings = Readonly<Record<string, unknown>>;
type Side = 0 | 1 | "tie";

/** The columns of a file. */
interface Columns {
  prompt: string;
  answers: readonly [string, string];
  /** Says which answer is better. */
  preference: Preference;
}

interface Preference {
  columns: readonly string[];
  sideIn(row: Row, answers: readonly string[]): Side;
}

const PROMPTS = ["prompt", "instruction", "question", "history", "context", "query", "input", "post"];
const STEMS = ["response", "answer", "output", "completion", "human_ref", "candidate", "generation", "summary"];
const ENDS = ["_0 _1", "_1 _2", "_a _b", "_A _B", "0 1", "1 2", "a b", "A B"].map((pair) => pair.split(" "));
const PAIRS = STEMS.flatMap((stem) => ENDS.map((ends) => ends.map((end) => stem + end) as [string, string]));
/** A third answer: then a column that names the best says nothing about the other two. */
const THIRDS = STEMS.flatMap((stem) => ["_3", "_c", "_C", "3", "c", "C"].map((end) => stem + end));

const isAnswer = (value: unknown) => isText(value) || isMessages(value);
const isPrompt = (value: unknown) => isAnswer(value) || (isObject(value) && isText(value.full_text));

/** Columns whose number says how much better an answer is: below 0 the first, above 0 the second. */
const STRENGTHS = ["preference_strength", "overall_preference"];
const NAMES = ["better_response_id", "preference", "preferred", "winner", "better", "choice", "label", "labels"];

const sideOfSign = (number: number): Side => (number === 0 ? "tie" : number < 0 ? 0 : 1);

const strength = (column: string): Preference => ({
  columns: [column],
  sideIn: (row) => sideOfSign(readRating(row[column], JSON.stringify(column))),
});

/** A column that names an answer: its field, or the end of it (`1` for output_1, `A` for response_a). */
const named = (column: string): Preference => ({
  columns: [column],
  sideIn(row, answers) {
    const value = row[column];
    const field = JSON.stringify(column);
    if (column === "labels" && answers[0] === "human_ref_A") return value === 1 ? 0 : value === 0 ? 1 : refuse(); // SHP
    if (!isText(value) && typeof value !== "number") return refuse();
    const label = String(value).replace(/^model_/, "");
    const vote = voteFor(label, answers, field);
    return vote === "tie" ? "tie" : vote.has(answers[0]) ? 0 : 1;
    function refuse(): never {
      throw misfit(field, `one of the answers ${answers.join(", ")}`, describeValue(value ?? undefined));
    }
  },
});

/** A number for each answer, the higher the better. */
const scores = (columns: readonly string[]): Preference => ({
  columns,
  sideIn(row) {
    const [first, second] = columns.map((column) => readRating(row[column], JSON.stringify(column)));
    return sideOfSign(second - first);
  },
});

/** winner_model_a, winner_model_b, winner_tie: one of them is 1. */
const FLAGS = ["winner_model_a", "winner_model_b", "winner_tie"];
const flags: Preference = {
  columns: FLAGS,
  sideIn(row) {
    const won = FLAGS.flatMap((column, i) => (Number(row[column]) === 1 ? [i] : []));
    if (won.length !== 1) throw misfit(FLAGS.join(", "), "one that is 1", `${won.length}`);
    return won[0] === 2 ? "tie" : (won[0] as 0 | 1);
  },
};

const isNumber = (value: unknown) => typeof value === "number" || typeof value === "bigint";

/** The preference of a sample whose answers are these columns; undefined: there is none. */
function preferenceOf(sample: Sample, [first, second]: readonly string[]): Preference | undefined {
  const signed = STRENGTHS.find((column) => all(sample, column, isNumber));
  if (signed !== undefined) return strength(signed);
  if (FLAGS.every((column) => sample.columns.has(column))) return flags;
  const name = NAMES.find((column) => all(sample, column, (value) => isText(value) || isNumber(value)));
  if (name !== undefined) return named(name);
  const ends = [first, second].map((column) => /([a-z]|\d)$/i.exec(column)?.[0] ?? "");
  const rated = [ends.map((end) => `score_${end}`), ends.map((end) => `rating_${end}`)];
  const own = [first, second].map((column) => `${column}_score`);
  const pair = [...rated, own].find((columns) => columns.every((column) => all(sample, column, isNumber)));
  return pair && scores(pair);
}

function columnsOf(sample: Sample, settings: Settings): Columns | undefined {
  const answers = answersIn(settings) ?? PAIRS.find((pair) => pair.every((column) => all(sample, column, isAnswer)));
  const { prompt: chosen, preference: asked } = settings;
  const name = chosen ?? PROMPTS.find((column) => all(sample, column, isPrompt));
  if (asked !== undefined && !isText(asked))
    throw wrongSetting("data_format_options.preference", "the name of a column", asked);
  if (answers === undefined || !isText(name) || THIRDS.some((column) => sample.columns.has(column))) return undefined;
  const preference = isText(asked)
    ? (STRENGTHS.includes(asked) ? strength : named)(asked)
    : preferenceOf(sample, answers);
  return preference && { prompt: name, answers, preference };
}

function answersIn({ answers }: Settings): [string, string] | undefined {
  if (answers === undefined || answers === null) return undefined;
  if (Array.isArray(answers) && answers.length === 2 && answers.every(isText)) return answers as [string, string];
  throw wrongSetting("data_format_options.answers", "two names of columns", answers);
}

/** A prompt as messages: with AlpacaFarm's input, or WebGPT's full_text. */
function promptOf(row: Row, column: string): string | Message[] {
  const value = row[column];
  if (isMessages(value)) return value;
  if (isObject(value)) return readText(value, "full_text");
  const text = readText(row, column);
  const { input } = row;
  return column === "instruction" && isText(input) && input !== "" ? `${text}\n${input}` : text;
}

/** LMSYS's texts are JSON of a list, a text per turn; undefined: another text. */
function turnsIn(value: unknown): unknown[] | undefined {
  if (!isText(value) || !value.startsWith("[")) return undefined;
  try {
    const list = parseExactJson(value);
    return Array.isArray(list) ? list : undefined;
  } catch {
    return undefined;
  }
}

const SILENT = "with a turn without a text";

/** Conversations of several turns, whose prompts are the same; undefined: a turn has no text. */
function talk(prompts: readonly unknown[], answers: readonly unknown[]): Message[] | undefined {
  const turns = prompts.flatMap((prompt, i) => [message("user", prompt), message("assistant", answers[i] ?? null)]);
  return turns.every(({ content }) => isText(content)) ? turns : undefined;
}

function partsOf(row: Row, { prompt, answers }: Columns, { hasChatTemplate }: Reading): Pair | undefined {
  const lists = [prompt, ...answers].map((column) => turnsIn(row[column]));
  if (lists.every((list) => list !== undefined)) {
    const [chosen, rejected] = [lists[1], lists[2]].map((list) => talk(lists[0] as unknown[], list as unknown[]));
    return chosen && rejected && { chosen, rejected };
  }
  const asked = promptOf(row, prompt);
  const [one, other] = answers.map((column) => row[column]);
  if (isText(asked) && isText(one) && isText(other) && !hasChatTemplate)
    return { prompt: asked, chosen: one, rejected: other };
  const turns = isText(asked) ? [message("user", asked)] : asked;
  const [chosen, rejected] = answers.map((column) => {
    const value = row[column];
    return isMessages(value) ? value : [message("assistant", readText(row, column))];
  });
  return { prompt: turns, chosen, rejected };
}

function reads(row: Row, reading: Reading): ReadPair[] {
  const columns = columnsOf({ columns: new Set(Object.keys(row)), rows: [row] }, reading.settings);
  if (columns === undefined) {
    const expected = "a prompt, two answers (response_0, response_1) and which is better (better_response_id)";
    throw misfit("columns", expected, Object.keys(row).join(", ") || "none");
  }
  const { prompt, answers, preference } = columns;
  const side = preference.sideIn(row, answers);
  if (side === "tie" && reading.ties === null) throw tieError(preference.columns.join(", "), "a tie");
  const skip = (why: string) => {
    reading.skip(why);
    return [];
  };
  if (side === "tie" && reading.ties === "skip") return skip("without a winner");
  if (side === "tie") reading.note("without a winner, trained on in both orders");
  const pair = partsOf(row, columns, reading);
  if (pair === undefined) return skip(SILENT);
  const isInput = prompt === "instruction" && isText(row.input);
  const rest = without(row, [prompt, ...answers, ...(isInput ? ["input"] : [])]);
  const swapped = { ...pair, chosen: pair.rejected, rejected: pair.chosen };
  const pairs = side === "tie" ? [pair, swapped] : [side === 0 ? pair : swapped];
  return pairs.map((one) => ({ pair: one, rest }));
}

function recognizes(sample: Sample): string | undefined {
  if (sample.columns.has("chosen") || sample.columns.has("rejected")) return undefined;
  const columns = columnsOf(sample, {});
  if (columns === undefined) return undefined;
  const { prompt, answers, preference } = columns;
  return `${prompt}, ${answers.join(", ")}; ${preference.columns.join(", ")} says which is better`;
}

export const compared: Shape = {
  name: "compared",
  recognizes,
  reads,
  writes({ pair, rest }) {
    const { system, question } = singleQuestion("compared", pair);
    if (system !== undefined) throw cannotHold("compared", "prompt[0]", "a message of system");
    if (pair.tools !== undefined) throw cannotHold("compared", "tools", "tools");
    const { chosen, rejected } = singleAnswers("compared", pair);
    const other = [...STRENGTHS, ...FLAGS].find((column) => Object.hasOwn(rest, column));
    if (other !== undefined)
      throw cannotHold("compared", other, "this column, which would say which is better", `Add --drop ${other}.`);
    const isSecond = rest.better_response_id === 1;
    const [response_0, response_1] = isSecond ? [rejected, chosen] : [chosen, rejected];
    return { prompt: question, response_0, response_1, better_response_id: isSecond ? 1 : 0 };
  },
};
