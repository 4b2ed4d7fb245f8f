/** @file Answers that people compared: which fields are the prompt and the answers, and what their votes come to. */
import { describeValue } from "../../arguments.ts";
import type { Row } from "../datasets/features.ts";
import type { Message } from "../preferences/extractPrompt.ts";
import { wrongSetting } from "./llamaFactoryColumns.ts";
import { pairsOf, type Rated } from "./pairing.ts";
import { isMessages, isText, message, misfit, type Pair, type Reading } from "./shape.ts";
import { tieError } from "./ties.ts";
import { namesQuestion } from "./unusedTexts.ts";

/** The fields of a task. */
export interface Task {
  prompt: Message[];
  /** The text of a prompt that is one message; undefined: a conversation. */
  promptText: string | undefined;
  /** Field -> answer. */
  answers: ReadonlyMap<string, string | Message[]>;
}

type Settings = Readonly<Record<string, unknown>>;

const isField = (value: unknown): value is string | Message[] => (isText(value) && value !== "") || isMessages(value);

/** `data_format_options.prompt`, `.system` and `.answers`, or by the names of the fields. */
export function taskOf(fields: Row, settings: Settings, where: string): Task {
  const own = Object.keys(fields).filter((name) => isField(fields[name]));
  const system = nameIn(settings, "system", own) ?? own.find((name) => name === "system" || name === "system_prompt");
  const others = own.filter((name) => name !== system);
  const questions = others.filter(isQuestion);
  const prompt = nameIn(settings, "prompt", others) ?? (questions.length === 1 ? questions[0] : undefined);
  const shown = own.join(", ") || "none";
  if (prompt === undefined)
    throw misfit(where, "one field with the prompt", shown, "Name it: data_format_options: { prompt: FIELD }.");
  const names = answersIn(settings, others) ?? others.filter((name) => name !== prompt && !isQuestion(name));
  if (names.length < 2)
    throw misfit(
      where,
      "two fields with answers",
      shown,
      "Name them: data_format_options: { answers: [FIELD, FIELD] }.",
    );
  const turns = fields[prompt] as string | Message[];
  return {
    prompt: [
      ...(system ? [message("system", fields[system])] : []),
      ...(isText(turns) ? [message("user", turns)] : turns),
    ],
    promptText: isText(turns) && !system ? turns : undefined,
    answers: new Map(names.map((name) => [name, fields[name] as string | Message[]])),
  };
}

/** Answers may have names such as response_to_question. */
const isQuestion = (name: string) => namesQuestion(name) && !/response|answer|completion|output|generation/i.test(name);

function nameIn(settings: Settings, key: string, names: readonly string[]): string | undefined {
  const name = settings[key];
  if (name === undefined || name === null) return undefined;
  if (isText(name) && names.includes(name)) return name;
  throw wrongSetting(`data_format_options.${key}`, `one of the fields ${names.join(", ")}`, name);
}

function answersIn({ answers }: Settings, names: readonly string[]): string[] | undefined {
  if (answers === undefined || answers === null) return undefined;
  if (Array.isArray(answers) && answers.length > 1 && answers.every((name) => names.includes(name))) return answers;
  throw wrongSetting("data_format_options.answers", `two or more of the fields ${names.join(", ")}`, answers);
}

/** What one annotator said: ratings of the answers (the higher the better), or that none is better. */
export type Vote = ReadonlyMap<string, number> | "tie";

const TIE = /^(tie|ties|tied|both|equal|equally good|same|neither|none|draw|no preference|both ?bad|both ?good)\b/i;

/** What tells answers apart: `a` of response_a, `1` of answer1. */
const endOf = (name: string) =>
  /(\d+)$|(?:[^a-zA-Z0-9]|[a-z](?=[A-Z]))([a-zA-Z])$/.exec(name)?.slice(1).find(Boolean)?.toLowerCase();
const LABEL =
  /^(?:(?:response|answer|option|model|candidate|completion|output|choice|text|assistant)[\s_-]*)?([a-z]|\d+)$/i;

/** The answer that a label names: its field, or the end of it (`A` for response_a, `1` for answer1); left and right. */
export function voteFor(label: string, names: readonly string[], field: string): Vote {
  const text = label.trim().toLowerCase();
  const end = LABEL.exec(text)?.[1];
  const side = names.length === 2 ? ["left", "right"].indexOf(text) : -1;
  const hits = [
    names.filter((name) => name === label),
    names.filter((name) => name.toLowerCase() === text),
    side < 0 ? [] : [names[side]],
    end === undefined ? [] : names.filter((name) => endOf(name) === end),
  ].find((list) => list.length > 0);
  if (hits?.length === 1) return new Map([[hits[0], 1]]);
  if (hits === undefined && TIE.test(text)) return "tie";
  throw misfit(field, `one of the answers ${names.join(", ")}`, describeValue(label));
}

/** Pairs of a task by the sum of its votes. Answers that a vote does not name count 0 in it. */
export function pairsOfVotes(task: Task, votes: readonly Vote[], reading: Reading, field: string): Pair[] {
  if (votes.length === 0) {
    reading.skip("without an annotation");
    return [];
  }
  const names = [...task.answers.keys()];
  const sumOf = (name: string) => votes.reduce((sum, vote) => sum + (vote === "tie" ? 0 : (vote.get(name) ?? 0)), 0);
  const rated = names.map((name): Rated<string> => ({ answer: name, rating: sumOf(name) / votes.length }));
  const isTie = rated.every(({ rating }) => rating === rated[0].rating);
  if (isTie && reading.ties === null) throw tieError(field, votes.length === 1 ? "a tie" : `a tie of ${votes.length}`);
  const answer = (name: string): Message[] => {
    const value = task.answers.get(name) as string | Message[];
    return isText(value) ? [message("assistant", value)] : value;
  };
  return pairsOf(rated, reading).map(([chosen, rejected]) => ({
    prompt: task.prompt,
    chosen: answer(chosen),
    rejected: answer(rejected),
  }));
}
