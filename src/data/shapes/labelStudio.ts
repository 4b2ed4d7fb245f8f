/**
 * @file Label Studio's exports of pairwise comparisons: JSON (`data`, `annotations`) and JSON_MIN (one row per
 * annotation). Of several annotations of a task the sum of their votes counts; canceled ones do not.
 */
import { describeValue } from "../../arguments.ts";
import { isObject } from "../../formats/parseJson.ts";
import type { Row } from "../datasets/features.ts";
import { pairsOfVotes, taskOf, type Vote, voteFor } from "./annotations.ts";
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

/** What JSON_MIN adds to the fields of a task. */
const MIN_COLUMNS = ["id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement"];
const hasMinColumns = ({ columns }: Sample) =>
  ["annotator", "annotation_id", "lead_time"].every((name) => columns.has(name));

/** A result of a comparison: a side, a choice; undefined: another control. */
function labelOf(value: unknown): string | undefined {
  if (isText(value)) return value;
  const one: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  if (isText(one)) return one;
  if (!isObject(one)) return undefined;
  if (isText(one.selected)) return one.selected;
  const { choices } = one;
  return Array.isArray(choices) && choices.length === 1 && isText(choices[0]) ? choices[0] : undefined;
}

/** The controls to look at: that of the name in the settings, or all. */
const isAsked = (name: unknown, { settings }: Reading) => (settings.question ?? name) === name;

function readJson(row: Row, reading: Reading): ReadPair[] {
  const { data, annotations } = row;
  if (!isObject(data)) throw misfit('"data"', "an object", describeValue(data ?? undefined));
  if (!Array.isArray(annotations)) throw misfit('"annotations"', "a list", describeValue(annotations ?? undefined));
  const task = taskOf(data, reading.settings, '"data"');
  const votes = annotations.flatMap((one: unknown, i): Vote[] => {
    const field = `"annotations"[${i}]`;
    if (!isObject(one)) throw misfit(field, "an object", describeValue(one ?? undefined));
    if (one.was_cancelled === true || one.skipped === true) return [];
    return voteOf(Array.isArray(one.result) ? one.result : [], { names: [...task.answers.keys()], field, reading });
  });
  const rest = without(row, reading.isConversion ? [] : ["data", "annotations", "predictions"]);
  return pairsOfVotes(task, votes, reading, '"annotations"').map((pair) => ({ pair, rest }));
}

interface Voting {
  names: readonly string[];
  field: string;
  reading: Reading;
}

/** The vote of an annotation's results: of the one control that compares. */
function voteOf(results: readonly unknown[], { names, field, reading }: Voting): Vote[] {
  const labels = results.flatMap((result): { label: string; sides: string[] }[] => {
    if (!isObject(result) || !isAsked(result.from_name, reading)) return [];
    const isComparison = result.type === "pairwise" || result.type === "choices";
    const label = isComparison ? labelOf(result.value) : undefined;
    const sides = isText(result.to_name) ? result.to_name.split(",") : [];
    return label === undefined ? [] : [{ label, sides: sides.every((name) => names.includes(name)) ? sides : [] }];
  });
  if (labels.length > 1)
    throw misfit(field, "one comparison", `${labels.length}`, "Name it: data_format_options: { question: NAME }.");
  return labels.map(({ label, sides }) => voteFor(label, sides.length === 2 ? sides : names, field));
}

/** JSON_MIN: the column of the comparison is the one whose value names a side or an answer. */
function readMin(row: Row, reading: Reading): ReadPair[] {
  const fields = without(row, MIN_COLUMNS);
  const { question } = reading.settings;
  const names = Object.keys(fields).filter((name) =>
    isText(question) ? name === question : isComparison(fields[name]),
  );
  if (names.length !== 1) {
    const hint = "Name it: data_format_options: { question: NAME }.";
    throw misfit("columns", "one with left or right", names.join(", ") || "none", hint);
  }
  const [column] = names;
  const task = taskOf(without(fields, [column]), reading.settings, "columns");
  const label = labelOf(row[column]);
  const field = JSON.stringify(column);
  if (label === undefined) throw misfit(field, "left or right", describeValue(row[column] ?? undefined));
  const votes = [voteFor(label, [...task.answers.keys()], field)];
  const rest = without(row, [...Object.keys(fields)]);
  return pairsOfVotes(task, votes, reading, field).map((pair) => ({ pair, rest }));
}

const isComparison = (value: unknown) => /^(left|right|tie|both|neither|equal)$/i.test(labelOf(value) ?? "");

const TASK_COLUMNS = [
  "data",
  "annotations",
  ...MIN_COLUMNS,
  "predictions",
  "drafts",
  "file_upload",
  "meta",
  "inner_id",
];
const MORE = [
  "total_annotations",
  "cancelled_annotations",
  "total_predictions",
  "comment_count",
  "unresolved_comment_count",
];
const LAST = ["last_comment_updated_at", "project", "updated_by", "comment_authors"];

export const labelStudio: Shape = {
  name: "label-studio",
  recognizes(sample) {
    if (all(sample, "data", isObject) && all(sample, "annotations", Array.isArray)) return "data, annotations";
    return hasMinColumns(sample) && !sample.columns.has("chosen") ? "annotator, annotation_id, lead_time" : undefined;
  },
  reads: (row, reading) => (Object.hasOwn(row, "annotations") ? readJson : readMin)(row, reading),
  writes({ pair, rest }) {
    if (isObject(rest.data) && Array.isArray(rest.annotations)) return {}; // its own task follows
    const { system, question } = singleQuestion("label-studio", pair);
    const { chosen, rejected } = singleAnswers("label-studio", pair);
    if (pair.tools !== undefined) throw cannotHold("label-studio", "tools", "tools");
    const data = { ...(system === undefined ? {} : { system }), prompt: question, answer1: chosen, answer2: rejected };
    const value = { selected: "left" };
    const result = [{ from_name: "preference", to_name: "answer1,answer2", type: "pairwise", value }];
    return { data, annotations: [{ result }] };
  },
  keeps: [...TASK_COLUMNS, ...MORE, ...LAST],
};
