/**
 * @file Argilla's exports: records with fields, responses and suggestions (to_json of 1.x and 2.x), the same as columns
 * (to_datasets of 2.x: `preference.responses`; of 1.x: lists of answers next to `preference-suggestion`), and pairs
 * with the columns chosen-rating and chosen-model. Submitted responses count, else the suggestion.
 */
import { isObject } from "../../formats/parseJson.ts";
import type { Row } from "../datasets/features.ts";
import { pairsOfVotes, type Task, taskOf, type Vote, voteFor } from "./annotations.ts";
import { binarized } from "./binarized.ts";
import { readRating } from "./lists.ts";
import { singleAnswers, singleQuestion } from "./messages.ts";
import {
  all,
  cannotHold,
  isText,
  misfit,
  type Reading,
  type ReadPair,
  type Sample,
  type Shape,
  without,
} from "./shape.ts";

/** Question -> values that count. */
type Answers = ReadonlyMap<string, readonly unknown[]>;

interface Record {
  fields: Row;
  answers: Answers;
}

const isSubmitted = (status: unknown) => status === undefined || status === null || status === "submitted";

/** The values of a record's questions: 2.x has lists by question, 1.x a list of users' answers. */
function answersOf({ responses, suggestions }: Row): Answers {
  const values = new Map<string, unknown[]>();
  const add = (name: string, value: unknown) => {
    if ((value ?? null) !== null) values.set(name, [...(values.get(name) ?? []), value]);
  };
  if (isObject(responses)) {
    for (const [name, list] of Object.entries(responses)) {
      for (const one of Array.isArray(list) ? list : [list])
        if (isObject(one) && isSubmitted(one.status)) add(name, one.value);
    }
  }
  for (const user of Array.isArray(responses) ? responses : []) {
    if (!isObject(user) || !isSubmitted(user.status) || !isObject(user.values)) continue;
    for (const [name, one] of Object.entries(user.values)) add(name, isObject(one) ? one.value : one);
  }
  const suggested: [string, unknown][] = Array.isArray(suggestions)
    ? suggestions.flatMap((one) => (isObject(one) && isText(one.question_name) ? [[one.question_name, one.value]] : []))
    : Object.entries(isObject(suggestions) ? suggestions : {}).map(([name, one]) => [
        name,
        isObject(one) ? one.value : one,
      ]);
  for (const [name, value] of suggested) if (!values.has(name)) add(name, value);
  return values;
}

/** A record of columns. */
function recordOfColumns(row: Row): Record {
  const values = new Map<string, unknown[]>();
  const used = new Set<string>(["id", "status", "_server_id", "external_id", "metadata", "vectors", "score"]);
  for (const [column, value] of Object.entries(row)) {
    const flat = /^(.*)\.(responses|suggestion)(\..*)?$/.exec(column);
    const old = /^(.*)-suggestion(-metadata)?$/.exec(column);
    const name = flat?.[1] ?? old?.[1];
    if (name === undefined) continue;
    used.add(column).add(name);
    if (flat?.[2] === "responses" && flat[3] === undefined)
      addSubmitted(values, name, listOf(value), listOf(row[`${column}.status`]));
    const list = old ? listOf(row[name]).filter(isObject) : [];
    if (old && old[2] === undefined)
      addSubmitted(
        values,
        name,
        list.map((one) => one.value),
        list.map((one) => one.status),
      );
  }
  for (const name of [...used]) {
    const suggestion = row[`${name}.suggestion`] ?? row[`${name}-suggestion`] ?? null;
    if (suggestion !== null && !values.has(name)) values.set(name, [suggestion]);
  }
  const isFieldName = (name: string) => !used.has(name) || (isText(row[name]) && !values.has(name));
  const names = Object.keys(row).filter(
    (name) => isFieldName(name) && !/\.(responses|suggestion)|-suggestion/.test(name),
  );
  const fields = names.filter((name) => !["id", "status", "_server_id", "external_id", "metadata"].includes(name));
  return { fields: Object.fromEntries(fields.map((name) => [name, row[name]])), answers: values };
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function addSubmitted(
  values: Map<string, unknown[]>,
  name: string,
  list: unknown[],
  statuses: readonly unknown[],
): void {
  const counted = list.filter((value, i) => (value ?? null) !== null && isSubmitted(statuses[i]));
  if (counted.length > 0) values.set(name, counted);
}

/** The votes on a record's answers: of a label, of a ranking, or of ratings by answer. */
function votesOf(task: Task, answers: Answers, { settings }: Reading): Vote[] {
  const names = [...task.answers.keys()];
  const { question } = settings;
  const asked = [...answers].filter(([name]) => question === undefined || name === question);
  const ratings = asked.flatMap(([name, values]) => {
    const answer = names.find((one) => name !== one && ratesAnswer(name, one, names));
    return answer !== undefined && values.every((value) => typeof value === "number") ? [{ answer, values }] : [];
  });
  if (ratings.length === names.length)
    return [new Map(ratings.map(({ answer, values }) => [answer, mean(values as number[])]))];
  const comparing = asked.flatMap(([name, values]): Vote[][] => {
    const votes = values.map((value) => voteOf(value, names, JSON.stringify(name)));
    return votes.every((vote) => vote !== undefined) && votes.length > 0 ? [votes as Vote[]] : [];
  });
  if (comparing.length < 2) return comparing[0] ?? [];
  const shown = asked.map(([name]) => name).join(", ");
  throw misfit(
    "questions",
    "one that compares the answers",
    shown,
    "Name it: data_format_options: { question: NAME }.",
  );
}

const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;

/** `response-1-rating`, `rating_1`: a question about one answer. */
function ratesAnswer(question: string, answer: string, answers: readonly string[]): boolean {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, "");
  if (plain(question).includes(plain(answer)))
    return !answers.some((one) => one.length > answer.length && plain(question).includes(plain(one)));
  const end = /([0-9]+|[-_][a-z])$/i.exec(answer)?.[1];
  return end !== undefined && question.toLowerCase().endsWith(end.toLowerCase());
}

/** A vote: a label that names an answer, or a ranking; undefined for other values. */
function voteOf(value: unknown, names: readonly string[], field: string): Vote | undefined {
  if (isText(value)) {
    try {
      return voteFor(value, names, field);
    } catch {
      return undefined; // a text about something else
    }
  }
  const ranks = ranksOf(value, field);
  if (ranks === undefined || ![...ranks.keys()].every((name) => names.includes(name))) return undefined;
  return new Map([...ranks].map(([name, rank]) => [name, -rank]));
}

/** Answer -> rank, 1 the best: `[{ value, rank }]`, `{ value: [], rank: [] }`, or a list from the best to the worst. */
function ranksOf(value: unknown, field: string): Map<string, number> | undefined {
  if (isObject(value) && Array.isArray(value.value) && Array.isArray(value.rank)) {
    const { value: names, rank } = value as { value: unknown[]; rank: unknown[] };
    return ranksOf(
      names.map((name, i) => ({ value: name, rank: rank[i] })),
      field,
    );
  }
  if (!Array.isArray(value) || value.length < 2) return undefined;
  if (value.every(isText)) return new Map(value.map((name, i) => [name, i + 1]));
  if (!value.every((one) => isObject(one) && isText(one.value) && "rank" in one)) return undefined;
  return new Map(value.map((one) => [one.value as string, readRating(one.rank, field)]));
}

const isOfPairs = (row: Row) =>
  ["chosen-rating", "chosen-model", "rejected-rating"].some((name) => Object.hasOwn(row, name));

function reads(row: Row, reading: Reading): ReadPair[] {
  if (isOfPairs(row)) return binarized.reads(row, reading);
  const isNested = isObject(row.fields);
  const { fields, answers } = isNested ? { fields: row.fields as Row, answers: answersOf(row) } : recordOfColumns(row);
  const task = taskOf(fields, reading.settings, isNested ? '"fields"' : "columns");
  const votes = votesOf(task, answers, reading);
  const used = isNested ? ["fields", "responses", "suggestions"] : usedColumns(row, fields);
  const rest = without(row, isNested && reading.isConversion ? [] : used);
  return pairsOfVotes(task, votes, reading, isNested ? '"responses"' : "responses").map((pair) => ({ pair, rest }));
}

const usedColumns = (row: Row, fields: Row) =>
  Object.keys(row).filter(
    (name) =>
      Object.hasOwn(fields, name) ||
      /\.(responses|suggestion)|-suggestion/.test(name) ||
      Object.hasOwn(row, `${name}-suggestion`),
  );

function recognizes(sample: Sample): string | undefined {
  const { columns } = sample;
  if (all(sample, "fields", isObject) && (columns.has("responses") || columns.has("suggestions")))
    return "records of fields, responses, suggestions";
  if (sample.rows.length > 0 && sample.rows.every(isOfPairs) && binarized.recognizes?.(sample))
    return "prompt, chosen, rejected, chosen-rating, chosen-model";
  const column = [...columns].find((name) => /\.responses$|\.suggestion$|-suggestion-metadata$/.test(name));
  return column === undefined ? undefined : `columns such as ${column}`;
}

export const argilla: Shape = {
  name: "argilla",
  beats: ["binarized", "trl"],
  recognizes,
  reads,
  writes({ pair, rest }) {
    if (isObject(rest.fields)) return {}; // its own record follows
    if (isOfPairs(rest)) return binarized.writes?.({ pair, rest }, {}) as Row;
    const { system, question } = singleQuestion("argilla", pair);
    const { chosen, rejected } = singleAnswers("argilla", pair);
    if (pair.tools !== undefined) throw cannotHold("argilla", "tools", "tools");
    const fields = {
      ...(system === undefined ? {} : { system }),
      prompt: question,
      response_a: chosen,
      response_b: rejected,
    };
    return { fields, responses: { preference: [{ value: "response_a" }] }, suggestions: {} };
  },
};
